#!/bin/bash
# What the kernel tells of the network and the clock reaches the daemon. Root alone can change either; the network is one
# of the test's own.
set -euo pipefail
[[ ${1-} == --inside ]] || exec unshare --net "$0" --inside
source "$(dirname "$0")/assertions.bash"
source "$(dirname "$0")/session.bash"

owner=$(id -u postern-test)
export HOME=$stage/home
runtime=$HOME/run
log=$HOME/log

as_owner() {
    setpriv --reuid="$owner" --regid="$owner" --clear-groups \
        env --ignore-environment HOME="$HOME" XDG_RUNTIME_DIR="$runtime" LD_LIBRARY_PATH="$stage/lib" \
        POSTERN_LOG_LEVEL=debug "$@"
}

postern() {
    as_owner "$stage/dist/bin/postern" "$@"
}

is_offline() {
    postern status --json | jq --exit-status '.profiles[0].state == "offline"'
}

tell_count() {
    grep --count --fixed-strings "$1" "$log" || true
}

told_since() {
    (($(tell_count "$2") > $1))
}

end() {
    kill "$daemon" "$tenant" 2>/dev/null || true
    wait
}

install -d --owner="$owner" --mode=700 "$runtime"
ip link set lo up
start_tenant
tenant=$!
add_profile 'persist=memory' 'refresh=on-demand'
as_owner "$stage/dist/bin/posternd" 2>"$log" &
daemon=$!
trap end EXIT
await test -S "$runtime/postern/agent.sock" || fail 'there is no socket'
sign_in

step 'a network that goes and comes back is noticed, and who waits for a token gets it then'
before=$(tell_count 'The network has changed.')
ip link set lo down
await told_since "$before" 'The network has changed.' || fail 'that it went was not'
postern token --wait 60 --rejected - <<<"$(postern token)" >"$HOME/token" &
asking=$!
await is_offline || fail 'the tenant can be reached'
before=$(tell_count 'The network has changed.')
ip link set lo up
await told_since "$before" 'The network has changed.' || fail 'that it came back was not'
wait "$asking" || fail "postern token exited with $?"
[[ -s $HOME/token ]] || fail 'there is no token'

step 'a clock that is set is noticed'
before=$(tell_count 'The clock was set.')
# To what it shows already, within a millisecond or two.
date --set="@$(date +%s.%N)" >"$HOME/date"
await told_since "$before" 'The clock was set.' || fail 'it was not'
