# shellcheck shell=bash
# The checking tools that come from PyPI, in a virtual environment outside the clone, made once for each set of versions.

# Sets TOOLS to the folder of their programs; fails where they cannot be had.
find_tools() {
    local wanted folder
    wanted=$(sha256sum "$ROOT/scripts/requirements.txt" | cut -c1-12)
    folder=$CACHE/venv-$wanted
    TOOLS=$folder/bin
    [ -e "$folder/complete" ] && return
    say "  getting the checking tools into $folder"
    make_environment "$folder" && "$TOOLS/pip" install --quiet --disable-pip-version-check \
        --requirement "$ROOT/scripts/requirements.txt" >&2 && touch "$folder/complete"
}

make_environment() {
    need_python
    rm -rf "$1"
    python3 -m venv "$1" >/dev/null 2>&1 && return
    # Debian keeps the module that makes environments apart.
    rm -rf "$1"
    can_install && apt_install python3-venv && python3 -m venv "$1"
}
