#!/bin/bash
# The desktop that the other tests need is one: before anything of Postern's is looked at.
set -euo pipefail
source "$(dirname "$0")/desktop.bash"

step 'there is no desktop session before one starts'
is 'the desktop session' '' "$(desktop_session)"

step 'logind knows it, as a graphical one on the seat'
start_session
session=$(desktop_session)
is 'what it is' 'x11 user seat0 yes' "$(for name in Type Class Seat Active; do
    loginctl show-session "$session" --property=$name --value
done | paste --serial --delimiters=' ')"
is 'the target' active "$(systemctl --user is-active graphical-session.target)"

step 'notifications are shown'
notify-send --app-name=Postern --action=sign-in='Sign in' 'Sign-in needed' 'Your sign-in to work has ended.' >"$HOME/action" &
pid=$!
window Dunst >/dev/null
picture notification

step 'and what they offer is chosen there'
choose_in_notification
wait "$pid"
is 'the choice' sign-in "$(cat "$HOME/action")"

step 'its screen is locked and unlocked'
is 'the hint' no "$(locked_hint)"
lock_screen
unlock_screen

step 'sleep is announced, and delayed by who asks for it'
systemd-inhibit --mode=delay --what=sleep --who=test --why=test sleep 1.5 &
await eval 'systemd-inhibit --list | grep --quiet test' || fail 'nobody delays it'
begun=$(date +%s%N)
sleep_and_resume
(($(date +%s%N) - begun > 2000000000)) || fail 'it was not delayed'

step 'a pinentry is typed into'
for pinentry in pinentry-gtk-2 pinentry-qt; do
    printf '%s\n' 'SETDESC A code was sent to a***@example.com.' 'SETPROMPT Code' GETPIN |
        "$pinentry" --display "$DISPLAY" >"$HOME/answer" &
    pid=$!
    picture_of_pinentry "$pinentry"
    type_into_pinentry 123456
    wait "$pid" || fail "$pinentry exited with $?"
    grep --quiet '^D 123456$' "$HOME/answer" || fail "$pinentry says $(cat "$HOME/answer")"
done

step 'the session ends, and its target with it'
end_session
is 'the desktop session' '' "$(desktop_session)"
is 'the target' inactive "$(systemctl --user is-active graphical-session.target || true)"

step 'another begins, with another name'
start_session
[[ $(desktop_session) != "$session" ]] || fail 'it is the same'
end_session

step 'beside a desktop, a login by ssh is not taken for one; alone, logind has nothing better'
start_session
session=$(desktop_session)
begin_other_login
is 'the desktop session' "$session" "$(desktop_session)"
end_session
is 'whether there is one' 1 "$(desktop_session | wc --words)"
[[ $(desktop_session) != "$session" ]] || fail 'it has not ended'
is 'what it is' tty "$(loginctl show-session "$(desktop_session)" --property=Type --value)"
end_other_login
await no_desktop_session || fail 'it has not ended'
