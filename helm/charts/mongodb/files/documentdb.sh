#!/bin/sh
# Starts FerretDB's PostgreSQL. The first start makes the database cluster in a
# folder beside and gives it its name when it is whole; each start makes what it
# finds missing of the extension, before FerretDB can ask. Not left to the image:
# cut off in between, that takes what it finds for finished, and FerretDB never
# gets its extension.
set -eu

new=$PGDATA.new

# Whether the cluster that is there was finished: it has the line that is added
# last, or a server ran on it.
finished() {
    [ -s "$PGDATA/PG_VERSION" ] || return 1
    [ -e "$PGDATA/postmaster.opts" ] || grep -q '^host all all all ' "$PGDATA/pg_hba.conf"
}

if ! finished; then
    rm -rf "$new"
    # Within this pod without a password, as FerretDB's users log in through it.
    initdb --pgdata="$new" --username=root --pwfile="$POSTGRES_PASSWORD_FILE" --auth=trust \
        --data-checksums --encoding=UTF8
    printf '\nhost all all all scram-sha-256\n' >> "$new/pg_hba.conf"
    sync
    # Kept, not deleted: the rule above may be wrong about a volume somebody filled by hand.
    if [ -e "$PGDATA" ]; then
        aside=$PGDATA.unfinished-$(date +%Y%m%dT%H%M%S)
        echo "mongodb: $PGDATA was never finished; it is kept as $aside"
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

# On a port nobody else asks: the probe and FerretDB wait for the usual one.
first=5433
pg_ctl start --silent --wait --timeout=900 --pgdata="$PGDATA" \
    --options="$* -c listen_addresses=127.0.0.1 -c port=$first"
# A statement that fails is not logged: one of them has a password in it. That is
# the Secret's, also after it was made anew.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host=127.0.0.1 --port="$first" \
    --username=root --dbname=postgres << 'SQL'
SET log_min_error_statement = panic;
SET client_min_messages = warning;
\set password `cat "$POSTGRES_PASSWORD_FILE"`
ALTER ROLE root PASSWORD :'password';
CREATE EXTENSION IF NOT EXISTS documentdb CASCADE;
SQL
pg_ctl stop --silent --wait --timeout=900 --mode=fast --pgdata="$PGDATA"

exec postgres "$@"
