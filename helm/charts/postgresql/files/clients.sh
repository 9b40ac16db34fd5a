#!/bin/sh
# Makes what PostgreSQL's clients log in to. Run again, it changes nothing but
# the passwords' salt.
set -eu

# The session's own settings: a statement that fails is not logged either, as
# one of them sets a password.
PGOPTIONS="-c log_statement=none -c log_min_error_statement=panic"
PGOPTIONS="$PGOPTIONS -c log_min_duration_statement=-1 -c password_encryption=scram-sha-256"
PGPASSWORD=$(cat /run/secrets/postgresql/password)
export PGOPTIONS PGPASSWORD PGHOST="${PGHOST:-postgresql}" PGUSER=postgres PGDATABASE=postgres

# As long as a first start may take on the slowest board.
left=600
until pg_isready --quiet; do
    left=$((left - 2))
    [ "$left" -gt 0 ] || { echo "postgresql: no answer within 10 minutes" >&2; exit 1; }
    sleep 2
done

folder=$(dirname "$0")
run() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@" < /dev/null; }

run --set=home="$HOME_DATABASE" --file="$folder/home.sql"

# One line each: the client, what it may, its databases.
while read -r client attribute databases; do
    run --set=client="$client" --set=attribute="$attribute" --file="$folder/role.sql"
    for database in $databases; do
        run --set=client="$client" --set=database="$database" --file="$folder/database.sql"
    done
    echo "$client: ${databases:-no databases of its own}"
done < "$folder/clients"
