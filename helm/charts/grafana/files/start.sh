#!/bin/sh
# Starts Grafana with the password of its Secret. Grafana reads that one only when
# it makes its database; after the Secret was made anew, nobody could log in.
set -eu

database=$GF_PATHS_DATA/grafana.db
# The digest of the password that was set last. A start need not write what it
# wrote before, and a password changed in Grafana stays as long as the Secret does.
known=$GF_PATHS_DATA/terrarium-password

wished=$(sha256sum < "$GF_SECURITY_ADMIN_PASSWORD__FILE")
if [ "$(cat "$known" 2> /dev/null)" != "$wished" ]; then
    # Without a database the server makes the account, with this password.
    if [ ! -s "$database" ] || said=$(grafana cli --homepath "$GF_PATHS_HOME" \
        --config "$GF_PATHS_CONFIG" admin reset-admin-password --password-from-stdin \
        < "$GF_SECURITY_ADMIN_PASSWORD__FILE" 2>&1); then
        (umask 077 && echo "$wished" > "$known")
        sync
    else
        # No reason to show no dashboards: somebody may have deleted the account.
        echo "$said" >&2
        echo "grafana: the account admin has not the password of its Secret" >&2
    fi
fi

exec /run.sh
