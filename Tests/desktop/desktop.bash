# What the tests of this directory are written in: a desktop that starts and ends, its screen, its lock and its sleep, and a
# person at it. With Tests/system's assertions, tenant and sign-in.
# shellcheck shell=bash

source "$(dirname "$0")/../system/assertions.bash"
source "$(dirname "$0")/../system/session.bash"

# machine REQUEST: has root do it, and fails with what was said if it was not done.
machine() {
    local answer
    answer=$(socat -t 60 - UNIX-CONNECT:/run/desktop-control <<<"$1")
    [[ $answer == *'done' ]] || fail "$1: $answer"
}

# start_session: returns when the desktop is there; its display is the script's too, then.
start_session() {
    machine start-session
    await test -s "$XDG_RUNTIME_DIR/desktop" || fail 'the desktop does not start'
    DISPLAY=$(<"$XDG_RUNTIME_DIR/desktop")
    export DISPLAY
}

end_session() {
    unset DISPLAY
    machine stop-session
}

# begin_other_login, end_other_login: of the same person, as by ssh.
begin_other_login() {
    local before
    before=$(session_count)
    machine start-login
    await eval "((\$(session_count) > $before))" || fail 'the other login does not begin'
}

end_other_login() {
    machine stop-login
}

session_count() {
    loginctl show-user "$USER" --property=Sessions --value | wc --words
}

# desktop_session: logind's word on which session is the user's desktop; empty if none is.
desktop_session() {
    loginctl show-user "$USER" --property=Display --value
}

no_desktop_session() {
    [[ -z $(desktop_session) ]]
}

locked_hint() {
    loginctl show-session "$(desktop_session)" --property=LockedHint --value
}

hint_is() {
    [[ $(locked_hint) == "$1" ]]
}

lock_screen() {
    loginctl lock-session "$(desktop_session)"
    await hint_is yes || fail 'the screen is not locked'
}

unlock_screen() {
    loginctl unlock-session "$(desktop_session)"
    await hint_is no || fail 'the screen is still locked'
}

# watch_sleep: from here on, $HOME/sleep has what logind announces.
watch_sleep() {
    gdbus monitor --system --dest org.freedesktop.login1 --object-path /org/freedesktop/login1 >"$HOME/sleep" &
    sleep_monitor=$!
    await grep --quiet 'owned by' "$HOME/sleep"
}

announced() {
    grep --quiet --fixed-strings "PrepareForSleep ($1,)" "$HOME/sleep"
}

# sleep_and_resume: logind announces both, and waits for who delays the sleep in between.
sleep_and_resume() {
    watch_sleep
    machine suspend
    await announced true || fail 'no sleep was announced'
    await announced false || fail 'no resume was announced'
    kill "$sleep_monitor"
    wait "$sleep_monitor" || true
}

# picture NAME: of the screen, for people. Numbered in the order in which they are taken.
picture() {
    pictures=$((${pictures-0} + 1))
    maim --hidecursor "/pictures/$(basename "$0" .sh)-$(printf %02d "$pictures")-$1.png"
}

# picture_of_pinentry NAME: waits for its window.
picture_of_pinentry() {
    window pinentry >/dev/null
    sleep 0.3 # It is being drawn.
    picture "$1"
}

# window CLASS: the id of a window that can be seen; waits for it.
window() {
    await xdotool search --onlyvisible --class "$1" || {
        picture "missing-$1"
        fail "there is no window of $1"
    }
    xdotool search --onlyvisible --class "$1" | tail --lines=1
}

no_window() {
    ! xdotool search --onlyvisible --class "$1"
}

# choose_in_notification: the one action of the notification that is shown, by the middle button, as dunst has it.
choose_in_notification() {
    xdotool mousemove --window "$(window Dunst)" 20 10 click 2
}

# within SECONDS COMMAND…: until it succeeds; for what takes longer than await waits.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# type_into_pinentry TEXT: as a person does who sees it, and Return. Returns when that window is gone.
type_into_pinentry() {
    press_in_pinentry Return "$1"
}

cancel_pinentry() {
    press_in_pinentry Escape ''
}

# press_in_pinentry KEY TEXT
press_in_pinentry() {
    local window pid
    window=$(window pinentry)
    # The next window can have the same number, and has another process.
    pid=$(xdotool getwindowpid "$window")
    # A window that is just being drawn does not have its keyboard yet.
    sleep 0.3
    xdotool windowfocus --sync "$window"
    [[ -z $2 ]] || xdotool type --delay 20 -- "$2"
    xdotool key "$1"
    await not_running "$pid" || {
        picture stuck-pinentry
        fail 'the window stays'
    }
}

not_running() {
    ! kill -0 "$1"
}

# press_until COMMAND…: until it succeeds, what is only to be read is confirmed.
press_until() {
    local deadline=$((SECONDS + 15)) window
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        if window=$(xdotool search --onlyvisible --class pinentry 2>/dev/null | tail --lines=1) && [[ -n $window ]]; then
            xdotool windowfocus "$window" key Return 2>/dev/null || true
        fi
        sleep 0.3
    done
}

# messages ADDRESS: how many the tenant has sent there.
messages() {
    tenant "outbox?to=$1" | jq length
}

# more_than COUNT ADDRESS: whether the tenant has sent more messages there.
more_than() {
    (($(messages "$2") > $1))
}

# code_after COUNT ADDRESS: the code that the tenant sends when it has sent so many.
code_after() {
    await more_than "$1" "$2" || fail "no code was sent to $2"
    tenant "code?to=$2" | jq --raw-output .code
}

# change_person JSON: at the tenant.
change_person() {
    curl --silent --show-error --fail --data "$1" "${issuer}_dev/users" >/dev/null
}

# login_unit PROFILE: the unit that signs in to it.
login_unit() {
    systemd-escape --template=postern-login@.service -- "$1"
}

unit_is() {
    [[ $(systemctl --user show --property="$2" --value -- "$1") == "$3" ]]
}

# state PROFILE: of its sign-in, as the agent says.
state() {
    postern profiles --json | jq --raw-output --arg name "$1" '.profiles[] | select(.name == $name).state'
}

state_is() {
    [[ $(state "$1") == "$2" ]]
}

# token_status PROFILE: the exit status of asking for a token, without waiting.
token_status() {
    local status=0
    postern token "$1" >/dev/null 2>"$HOME/refusal" || status=$?
    echo "$status"
}

token_ends_with() {
    [[ $(token_status "$1") == "$2" ]]
}
