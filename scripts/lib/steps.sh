# shellcheck shell=bash
# One line for each check, with its time; the whole output only of the one that fails.

LOGS=${WAYBILL_LOGS:-$CACHE/logs}
# One line a step, for the count at the end.
TALLY=${WAYBILL_TALLY:-/dev/null}
mkdir -p "$LOGS"

# step NAME COMMAND…: runs the command; on failure shows its output and ends the stage.
step() {
    local name=$1 started=$SECONDS log
    shift
    log=$LOGS/$STAGE-${name// /-}.log
    # A person sees what is under way; the line is written over by the result.
    [ ! -t 1 ] || printf '  …       %s\r' "$name"
    if "$@" >"$log" 2>&1 </dev/null; then
        printf '  ok      %-26s %4d s\n' "$name" $((SECONDS - started))
        echo passed >>"$TALLY"
    else
        printf '  FAILED  %-26s %4d s: %s\n' "$name" $((SECONDS - started)) "$*"
        # Not what cargo says about what went well.
        grep -vE '^ +(Compiling|Checking|Documenting|Downloading|Downloaded|Blocking) ' "$log" | tail -n 150 | sed 's/^/    | /'
        echo failed >>"$TALLY"
        printf '  the whole output: %s\n' "$log"
        exit 1
    fi
}

# skip NAME WHY: says what was not looked at.
skip() {
    printf '  skipped %-26s %s\n' "$1" "$2"
    echo skipped >>"$TALLY"
}

# Repeats what a test runner said last of all.
conclude() {
    grep -hE '^ +Summary|^test result:' "$LOGS/$STAGE-${1// /-}.log" | sed 's/^ */  /'
}

# Runs cargo-nextest where it is installed, else cargo test; arguments choose packages.
run_tests() {
    if has cargo-nextest; then
        cargo nextest run --locked --no-fail-fast --status-level fail "$@"
    else
        cargo test --locked --no-fail-fast "$@"
    fi
}
