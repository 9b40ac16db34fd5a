#!/bin/sh
# Starts PostgreSQL. The first start makes the database cluster in a folder beside
# and gives it its name when it is whole. The image's own start does it in place
# and in steps: cut off in between by a power cut or a restart, it takes what it
# finds for finished, and nobody can log in, or a database is missing, for ever.
set -eu

# The marker is the name of the database that was made.
made=$PGDATA/terrarium-database
known=$PGDATA/terrarium-password

. "$(dirname "$0")/cluster.sh"

if ! finished; then
    make_cluster postgresql --username=postgres --locale=C.UTF-8
fi
remove_empty_locks

# One statement, of standard input, without a server. $1 is what it may fail with.
statement() {
    # In a pod every server that was cut off had a small process id, such as this
    # shell's: that one in its lock file is no server that still runs.
    export PG_GRANDPARENT_PID=$$
    # A statement that fails is not logged: one of them has a password in it.
    if ! said=$(postgres --single -D "$PGDATA" -c log_statement=none \
        -c log_min_error_statement=panic postgres 2>&1 > /dev/null); then
        echo "$said" >&2
        exit 1
    fi
    # A single statement that fails does not fail the server.
    case $said in
    *ERROR* | *FATAL* | *PANIC*)
        case $said in *"$1"*) ;; *) echo "$said" >&2 && exit 1 ;; esac
        ;;
    esac
}

if [ "$(cat "$made" 2> /dev/null)" != "$POSTGRES_DB" ]; then
    printf 'CREATE DATABASE "%s"\n' "$POSTGRES_DB" | statement "already exists"
    echo "$POSTGRES_DB" > "$made"
    sync
fi

# The superuser's password is the Secret's, also after that was made anew. Its
# digest is kept: a start need not write what it wrote before.
wished=$(sha256sum < "$POSTGRES_PASSWORD_FILE")
if [ "$(cat "$known" 2> /dev/null)" != "$wished" ]; then
    quoted=$(sed "s/'/''/g" "$POSTGRES_PASSWORD_FILE")
    printf "ALTER ROLE postgres PASSWORD '%s'\n" "$quoted" | statement "nothing"
    (umask 077 && echo "$wished" > "$known")
    sync
fi

exec postgres -c 'listen_addresses=*' "$@"
