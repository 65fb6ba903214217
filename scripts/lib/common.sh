# shellcheck shell=bash disable=SC2034 # who sources this uses the names
# What every script needs: where things lie outside the clone, and how to speak.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/waybill
# Outside the clone, so that every clone and every work tree shares what is already built.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}

say() { printf '%s\n' "$*" >&2; }

# A failure says what to do about it: the first argument what failed, the second the cure.
die() {
    say "error: $1"
    [ -z "${2:-}" ] || say "  cure: $2"
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Runs as root where that can be had without asking for a password; fails where it cannot.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif has sudo; then sudo -n "$@"; else return 1; fi
}

can_install() { has apt-get && as_root true 2>/dev/null; }

# Installs Debian or Ubuntu packages without letting any of them start a service of its own.
apt_install() {
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e $policy ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
    local result=$?
    [ -z "$ours" ] || as_root rm -f $policy
    return $result
}

need_python() {
    has python3 && return
    can_install && say "installing python3" && apt_install python3 && return
    die "python3 was not found" "install Python 3.11 or newer"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
