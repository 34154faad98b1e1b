#!/bin/bash
# Nobody but its owner is answered, even where the modes of directory and socket would let them in.
set -euo pipefail
source "$(dirname "$0")/assertions.bash"

stage=$(realpath "$(dirname "$0")/../..")
owner=$(id -u postern-test)
runtime=$stage/home/run
socket=$runtime/postern/agent.sock

# hello UID: what that user gets for a request, or what socat says.
hello() {
    printf '{"jsonrpc":"2.0","id":1,"method":"agent.hello"}\n' |
        setpriv --reuid="$1" --regid="$1" --clear-groups timeout 20 socat -t 15 - "UNIX-CONNECT:$socket" 2>&1 || true
}

stop_daemon() {
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" || true
}

step 'the daemon binds its own socket, 0600 in a 0700 directory'
install -d --owner="$owner" --mode=700 "$runtime"
setpriv --reuid="$owner" --regid="$owner" --clear-groups \
    env --ignore-environment HOME="$stage/home" XDG_RUNTIME_DIR="$runtime" LD_LIBRARY_PATH="$stage/lib" \
    "$stage/dist/bin/posternd" &
daemon=$!
trap stop_daemon EXIT
await test -S "$socket" || fail 'there is no socket'
is 'mode of the directory' 700 "$(stat --format=%a "$runtime/postern")"
is 'mode of the socket' 600 "$(stat --format=%a "$socket")"

step 'its owner is answered'
[[ $(hello "$owner") == *'"result"'* ]] || fail 'no answer'

step 'with everything open, strangers get not a byte, and neither does root'
chmod 755 "$stage/home" "$runtime" "$runtime/postern"
chmod 666 "$socket"
for stranger in 65534 0; do
    # A connection that is closed with the request unread may show as a reset; any other words are somebody's answer.
    answer=$(hello "$stranger" | grep --invert-match --extended-regexp 'Connection reset by peer|Broken pipe' || true)
    is "what uid $stranger reads" '' "$answer"
done

step 'its owner still is'
[[ $(hello "$owner") == *'"result"'* ]] || fail 'no answer'

step 'asked to stop, it exits 0'
trap - EXIT
kill "$daemon"
status=0
wait "$daemon" || status=$?
is 'exit status' 0 "$status"
