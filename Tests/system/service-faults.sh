#!/bin/bash
# What the service manager's part is in not losing a sign-in: the descriptor store, the watchdog, restarts and their limit.
set -euo pipefail
[[ $EUID != 0 ]] || exec "$(dirname "$0")/under-user-manager" "$0"
source "$(dirname "$0")/assertions.bash"
source "$(dirname "$0")/session.bash"

keyring() {
    systemctl --user kill --kill-whom=main --signal="$1" gnome-keyring-daemon.service
}

# with_setting LINE…: lines of [Service] that are added to the unit.
with_setting() {
    install -d "$HOME/.config/systemd/user/posternd.service.d"
    printf '[Service]\n%s\n' "$@" >"$HOME/.config/systemd/user/posternd.service.d/test.conf"
    systemctl --user daemon-reload
}

without_setting() {
    rm "$HOME/.config/systemd/user/posternd.service.d/test.conf"
    systemctl --user daemon-reload
}

saved() {
    postern status --json | jq --exit-status '.profiles[0].saved'
}

unsaved() {
    ! saved
}

keyring_is() {
    [[ $(postern status --json | jq --raw-output .keyring) == "$1" ]]
}

socket_is() {
    [[ $(systemctl --user is-active posternd.socket) == "$1" ]]
}

stored() {
    [[ $(property NFileDescriptorStore) == "$1" ]]
}

# presented: the generations of the refresh tokens that the tenant was shown.
presented() {
    tenant requests | jq --compact-output '[.[] | select(.refreshToken != null) | .refreshToken.generation]'
}

# refuse: has the agent refresh, as somebody does whose token a server refused.
refuse() {
    postern token --rejected - <<<"$(postern token)" >/dev/null
}

# refuse_unsaved: the same, by a refresh whose end finds a keyring that hangs.
refuse_unsaved() {
    curl --silent --show-error --fail --data '{"kind": "hold", "grant": "refresh"}' "${issuer}_dev/faults" >"$HOME/order"
    refuse &
    local refusing=$!
    await eval 'tenant faults | jq --exit-status ".held == 1"' || fail 'the tenant is not asked'
    keyring STOP
    curl --silent --show-error --fail --data '{}' "${issuer}_dev/release" >"$HOME/order"
    wait "$refusing" || fail "postern token exited with $?"
}

"$stage/scripts/install" --no-build
unlock_keyring
start_tenant
add_profile refresh=on-demand
sign_in

step 'what the network and the clock tell is not kept from it by its confinement'
! grep --text 'will not hear' "$JOURNAL" || fail 'it is'

step 'row 6: stopped while the keyring hangs, it ends in time and says what is lost or kept'
refuse_unsaved
await unsaved || fail 'the token was saved by a keyring that is stopped'
await stored 1 || fail "systemd keeps $(property NFileDescriptorStore) descriptors"
with_setting WatchdogSec=2s
before=$SECONDS
systemctl --user restart posternd.service
((SECONDS - before < 60)) || fail 'the restart took a minute'
grep --text --quiet 'systemd was given it to keep while the service restarts' "$JOURNAL" || fail 'the journal does not say it'
await grep --text --quiet 'Taken from the service manager' "$JOURNAL" || fail 'the new process has nothing'
keyring CONT
await saved || fail 'it is not saved when the keyring goes on'
await stored 0 || fail 'systemd keeps what is saved'
is 'the result' success "$(property Result)"

step 'row 1-3: killed with a token that the keyring has not got, the next process goes on with it'
refuse_unsaved
await stored 1 || fail 'systemd keeps nothing'
token=$(postern token)
kill -KILL "$(property MainPID)"
renewed=$(postern token)
[[ $renewed == "$token" ]] || fail 'it is another token'
keyring CONT
await saved || fail 'it is not saved when the keyring goes on'
await stored 0 || fail 'systemd keeps what is saved'
refuse
is 'the generations that the tenant was shown' '[0,1,2]' "$(presented)"

step 'row 7: a daemon that is stuck is ended by the watchdog, and the client that waits is served by the next'
restarts=$(property NRestarts)
pid=$(property MainPID)
kill -STOP "$pid"
[[ -n $(timeout 30 postern token) ]] || fail 'no token'
is 'the number of restarts' "$((restarts + 1))" "$(property NRestarts)"
[[ $(property MainPID) != "$pid" ]] || fail 'it is the same process'

step 'a keyring that hangs for longer than the watchdog waits is no reason to end the daemon'
restarts=$(property NRestarts)
keyring STOP
postern token --rejected - --wait 8 <<<"$(postern token)" >/dev/null && fail 'a refresh token was spent that could not be saved'
is 'the number of restarts' "$restarts" "$(property NRestarts)"
keyring CONT
await saved || fail 'it is not saved when the keyring goes on'
without_setting

step 'row 8: one that crashes at every start keeps its socket, and works again once it can'
systemctl --user stop posternd.service
with_setting ExecStart= ExecStart=/bin/false
status=0
timeout 5 postern status || status=$?
((status != 0)) || fail 'somebody answered'
socket_is active || fail 'the socket is gone'
without_setting
postern token >/dev/null

step 'row 9: where a start limit took the socket away, the advice that the command gives is right'
systemctl --user stop posternd.service
install -d "$HOME/.config/systemd/user/posternd.service.d"
printf '[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=2\n' >"$HOME/.config/systemd/user/posternd.service.d/limit.conf"
with_setting ExecStart= ExecStart=/bin/false RestartSec=10ms
timeout 5 postern status || true
await socket_is failed || fail 'the socket is not failed'
status=0
postern status 2>"$HOME/advice" || status=$?
is 'the exit status' 69 "$status"
rm "$HOME/.config/systemd/user/posternd.service.d/limit.conf"
without_setting
advice=$(grep --only-matching "systemctl --user reset-failed 'posternd.\*'" "$HOME/advice") || fail 'it advises nothing'
eval "$advice"
eval "$(grep --only-matching 'systemctl --user start posternd.socket' "$HOME/advice")"
postern token >/dev/null

step 'row 26: with a session bus that was started anew, the keyring is found again and the daemon is the same'
pid=$(property MainPID)
systemctl --user restart dbus.service
# gnome-keyring goes with its bus, and nobody but a person has another one started.
await keyring_is absent || fail 'the keyring is there'
postern token >/dev/null
unlock_keyring
await keyring_is available || fail 'it is not available'
is 'the process' "$pid" "$(property MainPID)"

step 'row 51: killed for want of memory, it comes back signed in; what it may not lock it does without'
(($(awk '$1 == "VmLck:" { print $2 }' "/proc/$(property MainPID)/status") >= 64)) || fail 'nothing is locked'
with_setting LimitMEMLOCK=0
systemctl --user restart posternd.service
token=$(postern token)
systemctl --user kill --kill-whom=main --signal=KILL posternd.service
[[ $(postern token) == "$token" ]] || fail 'it is another token'
is 'how often the journal says it, of two processes' 2 "$(grep --text --count 'No memory may be locked' "$JOURNAL")"
without_setting

step 'no token is in the journal'
tenant secrets | jq --raw-output '.[] | select(.kind != "code") | .value' >"$HOME/tokens"
! grep --text --quiet --fixed-strings --file="$HOME/tokens" "$JOURNAL" || fail 'one is'
