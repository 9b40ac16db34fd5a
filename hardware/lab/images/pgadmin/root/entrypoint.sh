#!/bin/sh
# The real image's contract, without TLS, a unix socket, mail and a database of
# its configuration elsewhere: an empty /var/lib/pgadmin gets its database, the
# account, the servers and the password file; then gunicorn serves.
set -eu
cd /pgadmin4
python=/venv/bin/python3

fail() {
    echo "entrypoint.sh: $*" >&2
    exit 1
}

if [ -n "${PGADMIN_DEFAULT_PASSWORD_FILE:-}" ]; then
    [ -z "${PGADMIN_DEFAULT_PASSWORD:-}" ] \
        || fail "PGADMIN_DEFAULT_PASSWORD and PGADMIN_DEFAULT_PASSWORD_FILE are both set: keep one"
    PGADMIN_DEFAULT_PASSWORD=$(cat "$PGADMIN_DEFAULT_PASSWORD_FILE") \
        || fail "PGADMIN_DEFAULT_PASSWORD_FILE: cannot read $PGADMIN_DEFAULT_PASSWORD_FILE"
    unset PGADMIN_DEFAULT_PASSWORD_FILE
fi

# Settings of the environment become a file once, when there is none yet.
export CONFIG_DISTRO_FILE_PATH="${PGADMIN_CUSTOM_CONFIG_DISTRO_FILE:-/pgadmin4/config_distro.py}"
if [ ! -s "$CONFIG_DISTRO_FILE_PATH" ]; then
    {
        echo "CA_FILE = '/etc/ssl/certs/ca-certificates.crt'"
        echo "LOG_FILE = '/dev/null'"
        echo "HELP_PATH = '../../docs'"
        env | sed -n 's/^PGADMIN_CONFIG_\([A-Z0-9_]*\)=\(.*\)/\1 = \2/p'
    } > "$CONFIG_DISTRO_FILE_PATH"
fi

# The user that servers are loaded for; a desktop's has no name.
account=''
[ "${PGADMIN_CONFIG_SERVER_MODE:-}" = False ] || account=${PGADMIN_DEFAULT_EMAIL:-}

if [ ! -f /var/lib/pgadmin/pgadmin4.db ]; then
    if [ -z "${PGADMIN_DEFAULT_EMAIL:-}" ] || [ -z "${PGADMIN_DEFAULT_PASSWORD:-}" ]; then
        fail "PGADMIN_DEFAULT_EMAIL and PGADMIN_DEFAULT_PASSWORD or its _FILE must be set"
    fi
    PGADMIN_SETUP_EMAIL=$PGADMIN_DEFAULT_EMAIL PGADMIN_SETUP_PASSWORD=$PGADMIN_DEFAULT_PASSWORD \
        "$python" run_pgadmin.py
    servers=${PGADMIN_SERVER_JSON_FILE:-/pgadmin4/servers.json}
    [ ! -f "$servers" ] || "$python" setup.py load-servers "$servers" ${account:+--user "$account"}
    if [ -n "${PGPASS_FILE:-}" ] && [ -f "$PGPASS_FILE" ]; then
        folder=/var/lib/pgadmin
        [ -z "$account" ] || folder=$folder/storage/$(echo "$account" | tr @ _)
        mkdir -p "$folder"
        install -m 600 "$PGPASS_FILE" "$folder/.pgpass"
    fi
fi

# One worker: sessions are kept inside it. Its time limit is a session's, a day.
exec "$python" -m gunicorn --bind "${PGADMIN_LISTEN_ADDRESS:-[::]}:${PGADMIN_LISTEN_PORT:-80}" \
    --workers 1 --threads "${GUNICORN_THREADS:-25}" --timeout 86400 \
    --limit-request-line "${GUNICORN_LIMIT_REQUEST_LINE:-8190}" \
    --access-logfile "${GUNICORN_ACCESS_LOGFILE:--}" run_pgadmin:app
