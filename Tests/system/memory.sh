#!/bin/bash
# What memory holds: of each secret that is in use one copy in the daemon and none in its keyring worker, and none anywhere after the sign-out. As root, who
# alone can look.
set -euo pipefail
[[ -v DBUS_SESSION_BUS_ADDRESS && ${1:-} == inside ]] || exec dbus-run-session -- "$0" inside
source "$(dirname "$0")/assertions.bash"
source "$(dirname "$0")/session.bash"

export HOME=$stage/home XDG_RUNTIME_DIR=$stage/home/run LD_LIBRARY_PATH=$stage/lib PATH=$stage/dist/bin:/usr/bin:/bin
export POSTERN_PROFILE=dev
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME NOTIFY_SOCKET
mkdir --mode=700 "$XDG_RUNTIME_DIR"

start_agent() {
    posternd 2>>"$HOME/log" &
    agent=$!
    await test -S "$XDG_RUNTIME_DIR/postern/agent.sock" || fail 'the agent does not start'
}

stop_agent() {
    kill "$agent"
    wait "$agent" || fail "the agent exited with $?"
}

worker() {
    pgrep --parent "$agent"
}

# copies PROCESS: of all secrets that there are, as "KIND NEWEST OLDER".
copies() {
    {
        tenant secrets | jq --compact-output .[]
        jq --null-input --compact-output --arg value "$secret" '{kind: "profile", value: $value}'
    } | "$(dirname "$0")/secrets-in-memory" "$1"
}

# holds PROCESS PATTERN: every count of the process is as the pattern says, which goes over a line.
holds() {
    local found
    found=$(copies "$1") || return 2
    [[ -n $found ]] && ! grep --invert-match --extended-regexp --line-regexp --quiet "$2" <<<"$found"
}

second_factor() {
    tenant "totp?to=$address" | jq --raw-output .code
}

none='[a-zA-Z]+ 0 0'
# Those that are in use once at most, and none that was replaced.
one='[a-zA-Z]+ [01] 0'

# in_memory AGENT WORKER: within ten seconds, for a connection to the tenant may have to end first.
in_memory() {
    await holds "$agent" "$1" || fail "in the agent's memory: $(copies "$agent" | tr '\n' ';')"
    await holds "$(worker)" "$2" || fail "in its worker's memory: $(copies "$(worker)" | tr '\n' ';')"
}

printf sesame | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null
gdbus wait --session --timeout 10 org.freedesktop.secrets
secret=$(od --address-radix=n --format=x1 --read-bytes=24 /dev/urandom | tr --delete ' \n')
printf %s "$secret" >"$HOME/secret"
tenant_options=(--client-secret-file "$HOME/secret" --mfa enrolled)
start_tenant
curl --silent --show-error --fail --data "{\"address\": \"$address\", \"authenticators\": [{\"kind\": \"otp\"}]}" "${issuer}_dev/users" >/dev/null
add_profile client_auth=client_secret_post '[profile other]' "issuer=$issuer" client_id=postern-dev username=bob@example.com \
    client_auth=client_secret_post
start_agent

step 'a client secret that was stored is not kept'
postern client-secret set dev <"$HOME/secret"
postern client-secret set other <"$HOME/secret"
in_memory "$none" "$none"

step 'signed in, each secret in use is there once, and neither an earlier one nor anything in the worker'
sign_in
in_memory "$one" "$none"
(($(copies "$agent" | grep --count ' 1 ') >= 3)) || fail 'the look does not find what must be there'

step 'so it is after refreshes'
postern token | postern token --rejected - >"$HOME/token"
postern idtoken >>"$HOME/token"
in_memory "$one" "$none"

step 'and in a process that has it from the keyring'
stop_agent
start_agent
postern token | postern token --rejected - >"$HOME/token"
postern header >>"$HOME/token"
in_memory "$one" "$none"

step 'signed out, there is nothing'
postern logout
in_memory "$none" "$none"

step 'nor after a sign-in that was given up'
coproc postern login other 2>&1
pid=$COPROC_PID
await tenant 'code?to=bob@example.com' || fail 'no code was sent'
kill -s TERM "$pid"
wait "$pid" || true
in_memory "$none" "$none"
stop_agent
