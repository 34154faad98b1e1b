#!/bin/bash
# What install puts there, uninstall takes away, wherever it was put.
set -euo pipefail
[[ $EUID != 0 ]] || exec "$(dirname "$0")/under-user-manager" "$0"
source "$(dirname "$0")/assertions.bash"

stage=$(realpath "$(dirname "$0")/../..")

files() {
    find "$HOME" -not -type d | sort
}

before=$(files)

step 'install starts the socket and not the service'
"$stage/scripts/install" --no-build
is 'the socket' active "$(systemctl --user is-active posternd.socket || true)"
is 'the service' inactive "$(systemctl --user is-active posternd.service || true)"

step 'installing again changes nothing'
after=$(files)
"$stage/scripts/install" --no-build
is 'the list of files' "$after" "$(files)"

step 'uninstall leaves nothing behind'
"$stage/scripts/uninstall"
is 'the list of files' "$before" "$(files)"
[[ ! -e $XDG_RUNTIME_DIR/postern/agent.sock ]] || fail 'the socket is still there'

step 'a prefix may have blanks and what systemd gives a meaning to'
prefix="$HOME/50% of \$my tools"
"$stage/scripts/install" --no-build --prefix "$prefix"
pid=$(rpc agent.hello | jq .result.pid)
[[ -n $pid ]] || fail 'no answer'
tr '\0' '\n' <"/proc/$pid/cmdline" | grep --quiet --fixed-strings --line-regexp "$prefix/bin/posternd" ||
    fail "the service runs $(tr '\0' ' ' <"/proc/$pid/cmdline")"

step 'uninstall finds it'
"$stage/scripts/uninstall"
is 'the list of files' "$before" "$(files)"
