#!/bin/sh
# Starts FerretDB's PostgreSQL. The first start makes the database cluster in a
# folder beside and gives it its name when it is whole; each start makes what it
# finds missing of the extension, before FerretDB can ask. Not left to the image:
# cut off in between, that takes what it finds for finished, and FerretDB never
# gets its extension.
set -eu

. "$(dirname "$0")/cluster.sh"

if ! finished; then
    make_cluster mongodb --username=root
fi
remove_empty_locks

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
