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

# desktop_session: logind's word on which session is the user's desktop; empty if none is.
desktop_session() {
    loginctl show-user "$USER" --property=Display --value
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

# picture NAME: of the screen, for people.
picture() {
    maim --hidecursor "/pictures/$1.png"
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

# type_into_pinentry TEXT: as a person does who sees it, and Return.
type_into_pinentry() {
    xdotool windowfocus --sync "$(window pinentry)"
    xdotool type --delay 20 -- "$1"
    xdotool key Return
}

# cancel_pinentry: by Escape.
cancel_pinentry() {
    xdotool windowfocus --sync "$(window pinentry)"
    xdotool key Escape
}
