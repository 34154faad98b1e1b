#!/bin/bash
# A sign-in in the windows of the pinentries that desktops have, and on a terminal.
set -euo pipefail
source "$(dirname "$0")/desktop.bash"

# use_pinentry PROGRAM
use_pinentry() {
    sed --in-place "s|^pinentry=.*|pinentry=/usr/bin/$1|" "$HOME/.config/postern/postern.conf"
    postern reload
}

# begin_login PROFILE: in the background, as $login.
begin_login() {
    postern login "$1" --prompt pinentry </dev/null >"$HOME/login" 2>&1 &
    login=$!
}

# login_ends STATUS: how the one in the background does.
login_ends() {
    local status=0
    press_until not_running "$login" || fail 'the sign-in does not end'
    wait "$login" || status=$?
    is "the status of postern login, which said: $(cat "$HOME/login")" "$1" "$status"
}

# wrong CODE: another one.
wrong() {
    printf %06d $(((10#$1 + 1) % 1000000))
}

screen() {
    tmux -L "$terminal" capture-pane -p
}

shows() {
    screen | grep --quiet --ignore-case --extended-regexp "$1"
}

# on_terminal COMMAND: in a terminal that is not the desktop's.
on_terminal() {
    terminal=test-$RANDOM
    env --unset=DISPLAY TERM=xterm tmux -L "$terminal" -f /dev/null new-session -d -x 100 -y 30 "$1; echo \"It ended with \$?.\"; cat"
}

# picture_of_terminal NAME: its letters.
picture_of_terminal() {
    pictures=$((${pictures-0} + 1))
    screen >"/pictures/pinentry-$(printf %02d "$pictures")-$1.txt"
}

close_terminal() {
    tmux -L "$terminal" kill-server
}

start_tenant
mkdir -p "$HOME/.config/postern"
cat >"$HOME/.config/postern/postern.conf" <<END
[agent]
pinentry=/usr/bin/pinentry
[profile anybody]
issuer=$issuer
client_id=postern-dev
persist=memory
[profile dev]
issuer=$issuer
client_id=postern-dev
username=$address
persist=memory
[profile other]
issuer=$issuer
client_id=postern-dev
username=grace@example.com
persist=memory
END
start_session
"$stage/scripts/install" --no-build

for program in pinentry-gtk-2 pinentry-qt; do
    use_pinentry "$program"

    step "$program asks for the address, for the code, and for the code again"
    person=$program@example.com
    begin_login anybody
    picture_of_pinentry "$program-address"
    type_into_pinentry "$person"
    code=$(code_after 0 "$person")
    picture_of_pinentry "$program-code"
    type_into_pinentry "$(wrong "$code")"
    picture_of_pinentry "$program-wrong-code"
    type_into_pinentry "$code"
    login_ends 0
    is 'the status for the token' 0 "$(token_status anybody)"
    postern logout anybody

    step "$program is cancelled, and so is the sign-in"
    sent=$(messages "$address")
    begin_login dev
    code_after "$sent" "$address" >/dev/null
    cancel_pinentry
    login_ends 77
    is 'the status for the token' 77 "$(token_status dev)"

    step "$program goes with the command that is told to end"
    begin_login dev
    window pinentry >/dev/null
    kill "$login"
    login_ends 143
    await no_window pinentry || fail 'its window is still there'

    step "$program of a second sign-in waits for that of the first"
    sent=$(messages "$address")
    others=$(messages grace@example.com)
    begin_login dev
    code=$(code_after "$sent" "$address")
    window pinentry >/dev/null
    first=$login
    begin_login other
    sleep 1 # long enough for another window
    is 'the number of windows' 1 "$(xdotool search --onlyvisible --class pinentry | wc --lines)"
    type_into_pinentry "$code"
    code=$(code_after "$others" grace@example.com)
    type_into_pinentry "$code"
    login_ends 0
    wait "$first" || fail "the first sign-in exited with $?"
    postern logout --all

    # The limit of a sign-in is minutes; that the program keeps one is what is to be seen.
    step "$program takes its window away when its time is over"
    answer=$(printf '%s\n' 'SETTIMEOUT 1' GETPIN | timeout 10 "$program" --display "$DISPLAY") || true
    [[ $answer == *'ERR 83886142 '* ]] || fail "its answer is $answer"
done

program=pinentry-curses
use_pinentry "$program"
step "$program asks on the terminal, for the code and again"
sent=$(messages "$address")
on_terminal 'postern login dev --prompt pinentry'
code=$(code_after "$sent" "$address")
await shows 'Code' || fail "the terminal shows $(screen)"
picture_of_terminal "$program-code"
tmux -L "$terminal" send-keys "$(wrong "$code")" Enter
await shows 'wrong|not right|incorrect' || fail "the terminal shows $(screen)"
picture_of_terminal "$program-wrong-code"
tmux -L "$terminal" send-keys "$code" Enter
await shows 'It ended with 0' || fail "the terminal shows $(screen)"
picture_of_terminal "$program-end"
is 'the status for the token' 0 "$(token_status dev)"
close_terminal
postern logout dev

step "$program is cancelled, and leaves the terminal as it was"
# shellcheck disable=SC2016 # It is for the shell in the terminal.
on_terminal 'stty -g >before; postern login dev --prompt pinentry; status=$?; stty -g >after; (exit $status)'
await shows 'Code' || fail "the terminal shows $(screen)"
tmux -L "$terminal" send-keys Tab Tab Enter
await shows 'It ended with 77' || fail "the terminal shows $(screen)"
is 'the settings of the terminal' "$(cat before)" "$(cat after)"
close_terminal

end_session
