#!/bin/bash
# The installed agent in a user's session: started by its first client, restarted when it dies, signed in across restarts.
set -euo pipefail
[[ $EUID != 0 ]] || exec "$(dirname "$0")/under-user-manager" "$0"
source "$(dirname "$0")/assertions.bash"
source "$(dirname "$0")/session.bash"

socket=$XDG_RUNTIME_DIR/postern/agent.sock

# answered: the agent answers, and is the process that systemd knows; its pid is in $agent then.
answered() {
    agent=$(rpc agent.hello | jq .result.pid)
    [[ -n $agent ]] || fail 'no answer'
    is 'the pid in the answer' "$(property MainPID)" "$agent"
}

# die SIGNAL: ends the agent, and returns when it is gone.
die() {
    local pid
    pid=$(property MainPID)
    kill -s "$1" "$pid"
    await not_running "$pid" || fail "the agent outlives SIG$1"
}

not_running() {
    ! kill -0 "$1"
}

step 'the socket is 0600 in a 0700 directory, and nothing runs behind it'
"$stage/scripts/install" --no-build
is 'mode of the directory' 700 "$(stat --format=%a "$XDG_RUNTIME_DIR/postern")"
is 'mode of the socket' 600 "$(stat --format=%a "$socket")"
is 'the service' inactive "$(property ActiveState)"

step 'the first client starts it and is answered'
answered
is 'the service' active "$(property ActiveState)"

step 'it says what it serves'
[[ -n $(property StatusText) ]] || fail 'STATUS is empty'
systemctl --user status --no-pager posternd.service | grep 'Status:' || fail 'systemctl status does not show it'

step 'it is confined'
is 'NoNewPrivs' 1 "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$agent/status")"
is 'Seccomp' 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$agent/status")"

step 'its memory and its threads are bounded, and it is kept from the swap'
is 'the bounds' '268435456 536870912 0 64' "$(property MemoryHigh) $(property MemoryMax) $(property MemorySwapMax) $(property TasksMax)"

step 'stopped, it exits 0, and the next client starts it again'
first=$agent
systemctl --user stop posternd.service
is 'the result' 'success exited 0' "$(property Result) $(property ExecMainCode | sed s/^1$/exited/) $(property ExecMainStatus)"
answered
[[ $agent != "$first" ]] || fail 'it was never stopped'

for signal in SEGV KILL; do
    step "after SIG$signal the same socket answers"
    inode=$(stat --format=%i "$socket")
    restarts=$(property NRestarts)
    die "$signal"
    answered
    is 'the number of restarts' "$((restarts + 1))" "$(property NRestarts)"
    is 'the inode of the socket' "$inode" "$(stat --format=%i "$socket")"
done

step 'with a profile written to the file and a reload, somebody signs in'
unlock_keyring
start_tenant
add_profile refresh=ahead
systemctl --user reload posternd.service
await eval 'postern profiles | grep --quiet dev' || fail 'the profile is not there after a reload'
sign_in
token=$(postern token)
is 'the account at the tenant' "$address" \
    "$(postern header | curl --silent --show-error --fail --header @- "${issuer}userinfo" | jq --raw-output .email)"

step 'a new process serves the same token, from the keyring'
systemctl --user restart posternd.service
# Compared here: a difference is told without showing either.
renewed=$(postern token)
[[ $renewed == "$token" ]] || fail 'it is another token'

step 'no process of the same user can open its memory, from its first instruction on, nor its worker'"'"'s'
is 'the mode of the program' 111 "$(stat --format=%a "$HOME/.local/bin/posternd")"
is 'how often it was opened' 0 "$("$(dirname "$0")/open-memory" "$HOME/.local/bin/posternd")"
cp --no-preserve=mode "$stage/dist/bin/posternd" "$HOME/readable"
chmod 755 "$HOME/readable"
(($("$(dirname "$0")/open-memory" "$HOME/readable") > 0)) || fail 'the look would not see it'
rm "$HOME/readable"
answered
worker=$(pgrep --parent "$agent") || fail 'it has no worker'
for process in "$agent" "$worker"; do
    ! { : <"/proc/$process/mem"; } 2>/dev/null || fail "the memory of process $process is readable"
done

step "the command hides its memory too: with the agent's first answer, and before a secret is typed"
# hides PID: a process that is still there, and was it that was looked at.
hides() {
    ! { : <"/proc/$1/mem"; } 2>/dev/null && [[ $(<"/proc/$1/comm") == postern ]]
}
for arguments in watch 'client-secret set dev'; do
    read -ra words <<<"$arguments"
    coproc postern "${words[@]}" 2>&1
    pid=$COPROC_PID
    await hides "$pid" || fail "the memory of postern $arguments is readable"
    kill "$pid"
    wait "$pid" || true
done

step 'no secret that passed through the tenant is in the journal'
grep --quiet posternd "$JOURNAL" || fail 'the journal has nothing of the agent at all'
tenant secrets | jq --raw-output '.[] | select(.kind != "code") | .value' >"$HOME/tokens"
tenant secrets | jq --raw-output '.[] | select(.kind == "code") | .value' >"$HOME/codes"
[[ -s $HOME/tokens && -s $HOME/codes ]] || fail 'the tenant knows of no secrets'
! grep --text --quiet --fixed-strings --file="$HOME/tokens" "$JOURNAL" || fail 'a token is'
# As words: six digits in a row occur in longer numbers too.
! grep --text --quiet --fixed-strings --word-regexp --file="$HOME/codes" "$JOURNAL" || fail 'a code is'

step 'signed out, there is no token'
postern logout
status=0
postern token || status=$?
is 'exit status of postern token' 77 "$status"
