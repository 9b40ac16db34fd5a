#!/bin/sh
# Starts pgAdmin. The image loads the servers only in the start that makes its
# database. When that start is cut off, the next one takes the database for
# finished, and the tree stays empty for as long as the pod lives. A database
# without a server is therefore made anew.
set -eu

database=/var/lib/pgadmin/pgadmin4.db
count='
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM server").fetchone()[0])'

if [ -e "$database" ]; then
    # One that cannot be read was cut off too.
    servers=$(/venv/bin/python3 -c "$count" "$database" 2> /dev/null || echo none)
    case $servers in
    0 | none)
        echo "pgadmin: $database was never finished; it is made anew"
        rm -f "$database" "$database"-*
        ;;
    esac
fi

exec /entrypoint.sh
