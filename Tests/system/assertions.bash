# What the tests of this directory are written in. They stop at the first thing that is not so.
# shellcheck shell=bash

# step SENTENCE: what is shown to be true next.
step() {
    printf -- '- %s\n' "$*"
}

fail() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

# is WHAT EXPECTED ACTUAL
is() {
    [[ $3 == "$2" ]] || fail "$1 is “$3”, not “$2”"
}

# await COMMAND…: until it succeeds, for ten seconds at most.
await() {
    local deadline=$((SECONDS + 10))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# rpc METHOD [SOCKET]: the answer to one request without parameters, as any program without a client library would get it.
rpc() {
    printf '{"jsonrpc":"2.0","id":1,"method":"%s"}\n' "$1" |
        timeout 20 socat -t 15 - "UNIX-CONNECT:${2:-$XDG_RUNTIME_DIR/postern/agent.sock}"
}
