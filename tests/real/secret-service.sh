#!/usr/bin/env bash
# Runs the tests that want a real Secret Service: with the keyring open, with it locked, and with no bus at all.
# Needs dbus-run-session and gnome-keyring-daemon (Debian: apt-get install dbus gnome-keyring). It uses a bus and a keyring
# of its own, in a folder that is removed at the end; yours is not touched.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "${1-}" = session ]; then
    # Within a bus of its own. In the foreground, the daemon is a child that can be ended; a locked one is just not told the
    # password. `owner` is how one knows that it has come up.
    shift
    state=$1
    shift
    case $state in
        open) gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 < <(printf 'keyring of the tests') & ;;
        locked) gnome-keyring-daemon --foreground --components=secrets >/dev/null 2>&1 </dev/null & ;;
    esac
    daemon=$!
    trap 'kill "$daemon" 2>/dev/null || true' EXIT
    owner() {
        dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / \
            org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q true
    }
    for _ in $(seq 250); do
        if owner; then break; fi
        sleep 0.02
    done
    owner
    "$@"
    exit
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir -m 700 -p "$place"/{data,cache,config,run,home}
export XDG_DATA_HOME=$place/data XDG_CACHE_HOME=$place/cache XDG_CONFIG_HOME=$place/config XDG_RUNTIME_DIR=$place/run
# Where the program keeps its vault from one round to the next.
export REAL_HOME=$place/home
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS

# A name that fits no test is a mistake, not a success.
tests() {
    cargo test --locked --test it -- --ignored --test-threads=1 "real::$1" | tee "$REAL_HOME/../log"
    grep -q '^test result: ok. [1-9]' "$REAL_HOME/../log"
}
export -f tests
cargo test --locked --test it --no-run
dbus-run-session -- "$0" session open bash -c 'tests open && tests moving::killed'
dbus-run-session -- "$0" session locked bash -c 'tests locked'
DBUS_SESSION_BUS_ADDRESS=unix:path=$place/nothing tests absent
