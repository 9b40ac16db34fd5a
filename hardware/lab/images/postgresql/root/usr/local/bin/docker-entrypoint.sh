#!/bin/sh
# The official image's contract, for a container that already runs as the
# database's own user: an empty PGDATA becomes a cluster, with the superuser,
# password and database the environment names, and /docker-entrypoint-initdb.d
# is run once; then the server takes this process' place.
set -eu

fail() {
    echo "docker-entrypoint.sh: $*" >&2
    exit 1
}

# setting NAME DEFAULT: $NAME, or the content of the file that ${NAME}_FILE names.
setting() {
    eval "value=\${$1:-} file=\${$1_FILE:-}"
    [ -z "$value" ] || [ -z "$file" ] || fail "$1 and $1_FILE are both set: keep one"
    [ -z "$file" ] || value=$(cat "$file") || fail "$1_FILE: cannot read $file"
    echo "${value:-$2}"
}

# The cluster's first start listens on the local socket alone: nobody connects
# before the scripts have run.
first_start() {
    user=$(setting POSTGRES_USER postgres)
    password=$(setting POSTGRES_PASSWORD "")
    database=$(setting POSTGRES_DB "$user")
    auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    [ -n "$password" ] || [ "$auth" = trust ] || fail "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE must be set"

    pwfile=$(mktemp)
    printf '%s\n' "$password" >"$pwfile"
    # POSTGRES_INITDB_ARGS is a list of words by contract.
    # shellcheck disable=SC2086
    if [ -n "$password" ]; then
        initdb --username="$user" --pwfile="$pwfile" ${POSTGRES_INITDB_ARGS:-}
    else
        initdb --username="$user" ${POSTGRES_INITDB_ARGS:-}
    fi
    rm -f "$pwfile"
    printf '\nhost all all all %s\n' "$auth" >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"

    export PGPASSWORD="$password" PGUSER="$user" PGDATABASE="$database"
    pg_ctl -w -s -o "-c listen_addresses=''" start
    if [ "$database" != postgres ]; then
        psql -qX -v ON_ERROR_STOP=1 -v db="$database" -d postgres <<'SQL'
CREATE DATABASE :"db";
SQL
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case "$script" in
            *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
            *.sql) psql -qX -v ON_ERROR_STOP=1 -f "$script" ;;
            *.sql.gz) gunzip -c "$script" | psql -qX -v ON_ERROR_STOP=1 ;;
        esac
    done
    pg_ctl -w -s -m fast stop
    unset PGPASSWORD PGUSER PGDATABASE
}

case "${1:-}" in
    -*) set -- postgres "$@" ;;
esac

if [ "${1:-}" = postgres ]; then
    mkdir -p "$PGDATA"
    chmod 00700 "$PGDATA" || fail "$PGDATA belongs to another user: $(ls -ldn "$PGDATA")"
    [ -s "$PGDATA/PG_VERSION" ] || first_start
fi
exec "$@"
