#!/bin/bash
# What install puts there, uninstall takes away, wherever it was put.
set -euo pipefail
[[ $EUID != 0 ]] || exec "$(dirname "$0")/under-user-manager" "$0"
source "$(dirname "$0")/assertions.bash"

stage=$(realpath "$(dirname "$0")/../..")

files() {
    find "$HOME" -not -type d | sort
}

enabled() {
    systemctl --user is-enabled postern-login.service || true
}

# started: postern-login.service has run, however it ended.
started() {
    # Of a unit that has ended systemd itself soon knows nothing any more.
    grep --quiet --text USER_UNIT=postern-login.service "$JOURNAL"
}

# A link that leads nowhere is a file too.
before=$(files)
autostart=$HOME/.config/autostart/postern-login.desktop

step 'install starts the socket and not the service'
"$stage/scripts/install" --no-build
is 'the socket' active "$(systemctl --user is-active posternd.socket || true)"
is 'the service' inactive "$(systemctl --user is-active posternd.service || true)"

step 'nobody is asked for a sign-in who has not asked for that'
is 'the sign-in' disabled "$(enabled)"
[[ ! -e $autostart ]] || fail 'it would start with the desktop'

step 'installing again changes nothing'
after=$(files)
"$stage/scripts/install" --no-build
is 'the list of files' "$after" "$(files)"

step 'uninstall leaves nothing behind'
"$stage/scripts/uninstall"
is 'the list of files' "$before" "$(files)"
[[ ! -e $XDG_RUNTIME_DIR/postern/agent.sock ]] || fail 'the socket is still there'

step 'a sign-in at the start of the desktop is enabled, and not begun'
"$stage/scripts/install" --no-build --login-at-start
is 'the sign-in' enabled "$(enabled)"
is 'what the desktop wants' postern-login.service "$(systemctl --user show --property=Wants --value graphical-session.target)"
! started || fail 'it was begun'

step 'systemd, which makes units of what starts with the desktop, makes none of the entry: it has one already'
is 'such units' '' "$(systemctl --user list-unit-files --plain --no-legend 'app-*postern*')"
sed --in-place '/^X-/d' "$autostart"
systemctl --user daemon-reload
[[ -n $(systemctl --user list-unit-files --plain --no-legend 'app-*postern*') ]] || fail 'it would make one of no entry'

step 'installing again without asking for it leaves it as it is'
after=$(files)
"$stage/scripts/install" --no-build
is 'the sign-in' enabled "$(enabled)"
is 'the list of files' "$after" "$(files)"

step 'a desktop that only starts programs begins it too, and says where its display is'
DISPLAY=:77 gio launch "$autostart"
await started || fail 'it was not begun'
is 'the display' DISPLAY=:77 "$(systemctl --user show-environment | grep DISPLAY)"

step 'disabled, it is begun by nobody, and stays so when installed again'
systemctl --user disable --quiet postern-login.service
systemctl --user unset-environment DISPLAY
"$stage/scripts/install" --no-build
is 'the sign-in' disabled "$(enabled)"
DISPLAY=:77 XAUTHORITY=/nowhere gio launch "$autostart"
sleep 1
! systemctl --user show-environment | grep DISPLAY || fail 'it would have been begun'

step 'uninstall takes all of it away, also where somebody has taken some'
"$stage/scripts/install" --no-build --login-at-start
rm "$HOME/.config/systemd/user/postern-login.service" "$autostart"
systemctl --user daemon-reload
"$stage/scripts/uninstall"
is 'the list of files' "$before" "$(files)"
is 'what is left of it' '' "$(systemctl --user list-units --all --plain --no-legend 'postern*')"

step 'a prefix may have blanks and what systemd gives a meaning to'
prefix="$HOME/50% of \$my tools"
"$stage/scripts/install" --no-build --prefix "$prefix"
pid=$(rpc agent.hello | jq .result.pid)
[[ -n $pid ]] || fail 'no answer'
tr '\0' '\n' <"/proc/$pid/cmdline" | grep --quiet --fixed-strings --line-regexp "$prefix/bin/posternd" ||
    fail "the service runs $(tr '\0' ' ' <"/proc/$pid/cmdline")"

step 'the sign-ins use it too, and a profile may have any name'
for name in work -x.y_z .hidden; do
    unit=$(systemd-escape --template=postern-login@.service -- "$name")
    systemctl --user show --property=ExecStart --value -- "$unit" | grep --fixed-strings \
        "path=$prefix/bin/postern ; argv[]=$prefix/bin/postern login --profile=$name --if-needed" || fail "not that of $name"
done
systemctl --user show --property=ExecStart --value postern-login.service | grep --fixed-strings "path=$prefix/bin/postern ;" ||
    fail 'the unit for all has another program'

step 'uninstall finds it'
"$stage/scripts/uninstall"
is 'the list of files' "$before" "$(files)"
