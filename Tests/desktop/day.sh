#!/bin/bash
# A day with Postern, from the start of the desktop to its end, and the next morning. Two people's sign-ins: "work" is kept in
# the keyring; "desk" ends with the desktop session, and nothing of it leaves while the screen is locked.
set -euo pipefail
source "$(dirname "$0")/desktop.bash"

ada=ada@example.com
grace=grace@example.com

# ends_well UNIT: it has run, is over and is not counted as failed.
ends_well() {
    press_until unit_is "$1" ActiveState inactive || fail "$1 is $(systemctl --user show --property=ActiveState --value -- "$1")"
    is "the result of $1" success "$(systemctl --user show --property=Result --value -- "$1")"
}

# account PROFILE: whose token is printed for it, as the tenant says.
account() {
    postern header "$1" | curl --silent --show-error --fail --header @- "${issuer}userinfo" | jq --raw-output .email
}

# is_over PROFILE: its sign-in, as the agent says. That it gives no token could have another reason: no session, no screen.
is_over() {
    state_is "$1" login_required || state_is "$1" signed_out
}

# words NAME COMMAND…: what a command says, to be looked at like a picture.
words() {
    pictures=$((${pictures-0} + 1))
    { printf '$ %s\n' "${*:2}" && "${@:2}"; } >"/pictures/day-$(printf %02d "$pictures")-$1.txt" 2>&1 || true
}

tenant_options=(--mfa enrolled)
start_tenant
mkdir -p "$HOME/.config/postern"
cat >"$HOME/.config/postern/postern.conf" <<END
[agent]
default_profile=work
pinentry=/usr/bin/pinentry-gtk-2
[profile work]
issuer=$issuer
client_id=postern-dev
username=$ada
[profile desk]
issuer=$issuer
client_id=postern-dev
username=$grace
persist=session
lock=screen
END
"$stage/scripts/install" --no-build --login-at-start

step 'at the first start nobody is asked, for nobody has ever signed in'
start_session
await unit_is postern-login.service ActiveState inactive || fail 'the sign-in is still there'
is 'how it ended' 'success 0' "$(systemctl --user show --property=Result --property=ExecMainStatus --value postern-login.service |
    paste --serial --delimiters=' ')"
no_window pinentry >/dev/null || fail 'there is a window'
is 'messages that were sent' 0 "$(tenant outbox | jq length)"

step 'somebody signs in to each, asked in a window'
for profile in work desk; do
    address=$ada
    [[ $profile == work ]] || address=$grace
    systemctl --user start "$(login_unit $profile)"
    code=$(code_after 0 "$address")
    picture_of_pinentry "code-for-$profile"
    type_into_pinentry "$code"
    ends_well "$(login_unit $profile)"
    is "the account of $profile" "$address" "$(account $profile)"
done

step 'the desktop ends: the one sign-in is over, the other goes on'
end_session
await is_over desk || fail "desk is $(state desk)"
is 'the status for desk' 77 "$(token_status desk)"
is 'the account of work' "$ada" "$(account work)"

step 'the next morning the desktop asks for the one that ended, and for no other'
change_person "{\"address\": \"$grace\", \"authenticators\": [{\"kind\": \"otp\"}]}"
# With the other pinentry, which has to live with the unit's restrictions as well.
sed --in-place 's|^pinentry=.*|pinentry=/usr/bin/pinentry-qt|' "$HOME/.config/postern/postern.conf"
machine restart-manager
before=$(messages "$ada")
sent=$(messages "$grace")
start_session
code=$(code_after "$sent" "$grace")
picture_of_pinentry code
type_into_pinentry "$code"

step 'then for the second factor'
picture_of_pinentry second-factor
type_into_pinentry "$(tenant "totp?to=$grace" | jq --raw-output .code)"
ends_well postern-login.service
is 'messages to the other' "$before" "$(messages "$ada")"
await no_window Dunst || fail 'there is a notification, and nothing to tell'

step 'scripts get tokens of both, many at once'
is 'the account of desk' "$grace" "$(account desk)"
is 'the account of work' "$ada" "$(account work)"
words status postern status
begun=()
for _ in {1..10}; do
    postern token desk >>"$HOME/tokens" &
    begun+=("$!")
done
for pid in "${begun[@]}"; do
    wait "$pid" || fail "postern token exited with $?"
done
is 'the number of different tokens' 1 "$(sort --unique "$HOME/tokens" | wc --lines)"

step 'the machine sleeps and resumes: a moment later all is as before'
sleep_and_resume
is 'the status for work' 0 "$(token_status work)"
# Whether a resumed screen is locked is not known at once.
within 15 token_ends_with desk 0 || fail "postern token desk: $(cat "$HOME/refusal")"

step 'while the screen is locked nothing of it leaves'
lock_screen
await token_ends_with desk 77 || fail "the status for desk is $(token_status desk)"
words locked postern token desk
words locked-status postern status --profile desk
is 'the session' locked "$(postern profiles --json | jq --raw-output '.profiles[] | select(.name == "desk").session.state')"
is 'the status for work' 0 "$(token_status work)"

step 'also after it has slept that way'
sleep_and_resume
# Longer than the desktop has for saying that it is locked.
sleep 11
is 'the status for desk' 77 "$(token_status desk)"

step 'unlocked, it does again'
unlock_screen
await token_ends_with desk 0 || fail "postern token desk: $(cat "$HOME/refusal")"

step 'a sign-in that the tenant ends is told of, and begun from there'
sent=$(messages "$ada")
change_person "{\"address\": \"$ada\", \"revoke\": true}"
postern token work --rejected - <<<"$(postern token work)" >/dev/null 2>&1 || true
is 'the state of work' login_required "$(state work)"
within 20 xdotool search --onlyvisible --class Dunst || fail 'there is no notification'
picture notification
choose_in_notification
code=$(code_after "$sent" "$ada")
type_into_pinentry "$code"
ends_well "$(login_unit work)"
is 'the account of work' "$ada" "$(account work)"

step 'another login of the same person comes and goes, and changes nothing'
begin_other_login
end_other_login
await token_ends_with desk 0 || fail "postern token desk: $(cat "$HOME/refusal")"

step 'one that goes on when the desktop ends does not prolong its sign-in'
begin_other_login
end_session
await is_over desk || fail "desk is $(state desk)"
is 'the status for desk' 77 "$(token_status desk)"
is 'the account of work' "$ada" "$(account work)"

end_other_login

step 'a keyring that is locked at the next start is waited for, and not asked for; it holds up no sign-in that is kept elsewhere'
touch "$HOME/keyring-stays-locked"
machine restart-manager
sent=$(messages "$grace")
start_session
code=$(code_after "$sent" "$grace")
is 'the state of work' locked "$(state work)"

step 'who cancels is not asked again, and leaves no failed unit'
cancel_pinentry
await no_window pinentry || fail 'the window is still there'
unit_is postern-login.service ActiveState active || fail 'it does not wait for the keyring'
"$stage/Tests/desktop/open-keyring"
ends_well postern-login.service
is 'the exit status' 77 "$(systemctl --user show --property=ExecMainStatus --value postern-login.service)"
no_window pinentry >/dev/null || fail 'there is another window'
is 'messages that were sent' "$((sent + 1))" "$(messages "$grace")"
is 'the account of work' "$ada" "$(account work)"
systemctl --user start postern-login.service
ends_well postern-login.service
is 'messages that were sent' "$((sent + 1))" "$(messages "$grace")"
is 'the status for desk' 77 "$(token_status desk)"
is 'failed units' '' "$(systemctl --user list-units --failed --plain --no-legend)"

step 'a question that stands when the desktop ends goes with it'
systemctl --user start "$(login_unit desk)"
window pinentry >/dev/null
end_session
await unit_is "$(login_unit desk)" ActiveState inactive || fail 'the sign-in is still there'
! pgrep --uid "$(id -u)" pinentry || fail 'the pinentry is still there'
is 'failed units' '' "$(systemctl --user list-units --failed --plain --no-legend)"

step 'no token is in the journal'
tenant secrets | jq --raw-output '.[] | select(.kind != "code") | .value' >"$HOME/secrets"
[[ -s $HOME/secrets ]] || fail 'the tenant knows of no secrets'
journalctl --boot --no-pager "_UID=$(id -u)" >"$HOME/journal"
grep --quiet posternd "$HOME/journal" || fail 'the journal has nothing of the agent at all'
! grep --quiet --fixed-strings --file="$HOME/secrets" "$HOME/journal" || fail 'a token is'
