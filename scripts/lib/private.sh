# shellcheck shell=bash
# Starts PostgreSQL, Redis and RabbitMQ from installed packages, on loopback, each in a folder of its own, without
# touching whatever else runs on the machine. A server is ours while the process in <folder>/pid is alive.

PRIVATE_READY_SECONDS=90

# PostgreSQL refuses to run as root.
as_ordinary() {
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid nobody --regid nogroup --clear-groups "$@"
    fi
    exec "$@"
}

postgres_bin() {
    local bin
    # shellcheck disable=SC2012 # the names are version numbers
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] || bin=$(dirname "$(command -v initdb 2>/dev/null)" 2>/dev/null)
    [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && printf '%s' "$bin"
}

rabbitmq_bin() { [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] && printf /usr/lib/rabbitmq/bin; }

private_installed() {
    case $1 in
        postgres) [ -n "$(postgres_bin)" ] ;;
        redis) has redis-server ;;
        rabbitmq) [ -n "$(rabbitmq_bin)" ] ;;
    esac
}

private_package() {
    case $1 in postgres) echo postgresql ;; redis) echo redis-server ;; rabbitmq) echo rabbitmq-server ;; esac
}

# Each start_… leaves its address in $folder/url and its process in $folder/pid.

start_postgres() {
    local folder=$1 bin port
    bin=$(postgres_bin)
    port=$(free_port)
    if [ ! -s "$folder/data/PG_VERSION" ]; then
        rm -rf "$folder/data"
        mkdir -p "$folder/data"
        [ "$(id -u)" != 0 ] || chown nobody:nogroup "$folder/data"
        (as_ordinary "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync) \
            >"$folder/log" 2>&1 || return
    fi
    (as_ordinary setsid "$bin/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 -c port="$port" \
        -c unix_socket_directories= -c max_connections=200) </dev/null >>"$folder/log" 2>&1 &
    echo $! >"$folder/pid"
    echo "postgres://postgres@127.0.0.1:$port/postgres" >"$folder/url"
}

start_redis() {
    local folder=$1 port
    port=$(free_port)
    (exec setsid redis-server --port "$port" --bind 127.0.0.1 --dir "$folder" --save '' --appendonly no) \
        </dev/null >"$folder/log" 2>&1 &
    echo $! >"$folder/pid"
    echo "redis://127.0.0.1:$port/0" >"$folder/url"
}

# Becomes one of RabbitMQ's own programs, in an environment that shares nothing with the machine's other nodes.
# Reads epmd_port and dist_port of its caller.
with_rabbitmq() {
    local folder=$1
    shift
    cd "$folder/data" || return
    # So many connections at once is what tests open; the usual limit of 1024 makes new ones hang without an error.
    ulimit -n 16384 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    exec env HOME="$folder/home" ERL_EPMD_PORT="$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_NODENAME=waybill@localhost RABBITMQ_DIST_PORT="$dist_port" \
        RABBITMQ_CONF_ENV_FILE="$folder/env.conf" RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins" RABBITMQ_MNESIA_BASE="$folder/data" \
        RABBITMQ_LOG_BASE="$folder" RABBITMQ_PID_FILE="$folder/data/server.pid" \
        RABBITMQ_GENERATED_CONFIG_DIR="$folder/data/config" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' \
        RUNNING_UNDER_SYSTEMD=true setsid "$@"
}

start_rabbitmq() {
    local folder=$1 port epmd_port dist_port
    port=$(free_port) epmd_port=$(free_port) dist_port=$(free_port)
    mkdir -p "$folder/data" "$folder/home"
    : >"$folder/env.conf"
    echo '[].' >"$folder/enabled_plugins"
    if [ ! -e "$folder/home/.erlang.cookie" ]; then
        head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/home/.erlang.cookie"
    fi
    chmod 400 "$folder/home/.erlang.cookie"
    cat >"$folder/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$port
log.console = false
raft.wal_max_size_bytes = 64000000
CONF
    # An epmd of its own in the foreground leaves no daemon behind.
    (with_rabbitmq "$folder" epmd -address 127.0.0.1 -port "$epmd_port") \
        </dev/null >"$folder/epmd.log" 2>&1 &
    echo $! >"$folder/epmd.pid"
    # RUNNING_UNDER_SYSTEMD makes the script exec, so the process is the server itself.
    (with_rabbitmq "$folder" "$(rabbitmq_bin)/rabbitmq-server") </dev/null >"$folder/log" 2>&1 &
    echo $! >"$folder/pid"
    echo "amqp://guest:guest@127.0.0.1:$port/%2f" >"$folder/url"
}

# Is the process in that file alive, and still the one that was started? Process numbers are used again.
pid_is_ours() {
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
    [ ! -r "/proc/$pid/cmdline" ] || tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qE 'postgres|redis-server|beam|rabbitmq|epmd|erl'
}

stop_private() {
    local folder=$1 signal=TERM file tries
    # A fast shutdown: PostgreSQL's TERM would wait for its clients.
    [ "$(basename "$folder")" != postgres ] || signal=INT
    for file in "$folder/pid" "$folder/epmd.pid"; do
        [ -e "$file" ] || continue
        if pid_is_ours "$file"; then
            kill -$signal "$(cat "$file")"
            for tries in $(seq 150); do
                kill -0 "$(cat "$file")" 2>/dev/null || break
                [ "$tries" != 150 ] || kill -KILL "$(cat "$file")"
                sleep 0.1
            done
        fi
        rm -f "$file"
    done
    rm -f "$folder/url"
}

start_private() {
    local name=$1 folder=$2 url tries word
    if ! private_installed "$name"; then
        can_install || die "$name does not answer, and cannot be installed here" \
            "install the package $(private_package "$name"), start an engine for docker, or set ${3}"
        say "installing $(private_package "$name")"
        apt_install "$(private_package "$name")" || die "could not install $(private_package "$name")" \
            "run: apt-get install $(private_package "$name")"
    fi
    mkdir -p "$folder"
    start_"$name" "$folder" || die "could not start $name" "read $folder/log"
    url=$(cat "$folder/url")
    for tries in $(seq $((PRIVATE_READY_SECONDS * 5))); do
        word=$(python3 "$ROOT/scripts/lib/probe.py" "$url") && return
        pid_is_ours "$folder/pid" || break
        sleep 0.2
    done
    tail -n 20 "$folder/log" >&2
    stop_private "$folder"
    die "$name did not come up: $word" "read $folder/log, printed above in part; or set ${3}"
}
