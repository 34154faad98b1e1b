# The directory that the tests of an installed Postern see, wherever the repository lies.
# shellcheck shell=bash

# make_stage DIRECTORY PROGRAM…: everything that a test touches lies in one directory that the test user can read, whoever
# may read this one. In the repository's root.
make_stage() {
    local stage=$1
    shift
    install -d "$stage"/{dist/bin,lib,scripts,Tests}
    cp "$@" "$stage/dist/bin/"
    cp scripts/install scripts/uninstall "$stage/scripts/"
    cp --recursive systemd "$stage/"
    cp --recursive Tests/system Tests/desktop "$stage/Tests/"
    chmod --recursive a+rX "$stage"

    # A toolchain in somebody's home cannot be read by the test user, so its libraries come along. The static tool
    # has none, and ldd says so as an error.
    local program library
    for program; do
        while IFS= read -r library; do
            cp --update "$library" "$stage/lib/"
        done < <(ldd "$program" 2>/dev/null | awk '$3 ~ "^/" && $3 !~ "^/(usr/)?lib" { print $3 }')
    done
    chmod --recursive a+rX "$stage/lib"
}
