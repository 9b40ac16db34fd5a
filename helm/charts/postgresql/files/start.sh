#!/bin/sh
# Starts PostgreSQL. The first start makes the database cluster in a folder beside
# and gives it its name when it is whole. The image's own start does it in place
# and in steps: cut off in between by a power cut or a restart, it takes what it
# finds for finished, and nobody can log in, or a database is missing, for ever.
set -eu

new=$PGDATA.new
# The marker is the name of the database that was made.
made=$PGDATA/terrarium-database
known=$PGDATA/terrarium-password

# Whether the cluster that is there was finished: it has the line that is added
# last, or a server ran on it. One that an earlier version began and never
# finished has neither, and so no data either.
finished() {
    [ -s "$PGDATA/PG_VERSION" ] || return 1
    [ -e "$PGDATA/postmaster.opts" ] || grep -q '^host all all all ' "$PGDATA/pg_hba.conf"
}

if ! finished; then
    rm -rf "$new"
    # From this pod without a password, from other pods with one.
    initdb --pgdata="$new" --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth=trust \
        --data-checksums --encoding=UTF8 --locale=C.UTF-8
    printf '\nhost all all all scram-sha-256\n' >> "$new/pg_hba.conf"
    sync
    # Kept, not deleted: the rule above may be wrong about a volume somebody filled by hand.
    if [ -e "$PGDATA" ]; then
        aside=$PGDATA.unfinished-$(date +%Y%m%dT%H%M%S)
        echo "postgresql: $PGDATA was never finished; it is kept as $aside"
        mv "$PGDATA" "$aside"
    fi
    mv "$new" "$PGDATA"
    sync
fi

# A lock file is made and then written. A start that was cut off in between leaves
# it empty, which PostgreSQL takes for another server that just starts: in this
# pod there is none. The sockets' folder outlives a container, if not its pod.
for lock in "$PGDATA/postmaster.pid" /var/run/postgresql/.s.PGSQL.*.lock; do
    if [ -e "$lock" ] && ! [ -s "$lock" ]; then rm -f "$lock"; fi
done

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
