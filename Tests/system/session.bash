# What the tests of the installed service share: its unit, a keyring, a tenant and somebody who signs in.
# shellcheck shell=bash

stage=$(realpath "$(dirname "$0")/../..")
address=ada@example.com

property() {
    systemctl --user show --property="$1" --value posternd.service
}

# unlock_keyring: a keyring of its own, with a password. gnome-keyring shows a collection that it has just made only after it was
# started anew.
unlock_keyring() {
    printf sesame | "$stage/Tests/system/keyring-control"
    systemctl --user restart gnome-keyring-daemon.service
    await test -S "$XDG_RUNTIME_DIR/keyring/control"
    printf sesame | "$stage/Tests/system/keyring-control"
    gdbus wait --session --timeout 10 org.freedesktop.secrets
}

# tenant PATH: what the tenant tells its tests.
tenant() {
    curl --silent --show-error --fail "${issuer}_dev/$1"
}

start_tenant() {
    "$stage/dist/bin/postern-devtenant" --port 0 "${tenant_options[@]}" >"$HOME/tenant" &
    await grep --quiet 'http://127.0.0.1:[0-9]' "$HOME/tenant" || fail 'the tenant does not start'
    issuer=$(grep --only-matching --max-count=1 'http://127.0.0.1:[0-9]*/' "$HOME/tenant")
}

# A test may have its own: what the tenant is started with, and what is typed after the code.
tenant_options=()
second_factor() { :; }

# sign_in: types the code that the tenant sent, as soon as it was sent.
sign_in() {
    coproc { postern login 2>&1; }
    # Bash forgets the descriptors and the pid when the process ends.
    local pid=$COPROC_PID input=${COPROC[1]} output=${COPROC[0]} code
    await tenant "code?to=$address" || fail 'no code was sent'
    code=$(tenant "code?to=$address" | jq --raw-output .code)
    printf '%s\n' "$code" >&"$input"
    second_factor >&"$input"
    cat <&"$output" || true
    wait "$pid" || fail "postern login exited with $?"
}

# add_profile LINE…: one of the tenant's in the configuration file, before the daemon reads it.
add_profile() {
    mkdir -p "$HOME/.config/postern"
    cat >"$HOME/.config/postern/postern.conf" <<END
[profile dev]
issuer=$issuer
client_id=postern-dev
username=$address
END
    printf '%s\n' "$@" >>"$HOME/.config/postern/postern.conf"
}
