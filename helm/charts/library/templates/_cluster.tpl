{{/*
What start scripts of a PostgreSQL share, as functions of the shell: the first
start makes the database cluster in a folder beside and gives it its name when it
is whole. The images' own starts do it in place and in steps: cut off in between
by a power cut or a restart, they take what they find for finished. It is the file
`cluster.sh` beside the start script.
*/}}
{{- define "terrarium.cluster" -}}
# Whether the cluster that is there was finished: it has the line that is added
# last, or a server ran on it. One that an earlier version began and never
# finished has neither, and so no data either.
finished() {
    [ -s "$PGDATA/PG_VERSION" ] || return 1
    [ -e "$PGDATA/postmaster.opts" ] || grep -q '^host all all all ' "$PGDATA/pg_hba.conf"
}

# Makes the cluster. $1 is the service; what follows is for initdb.
make_cluster() {
    service=$1
    shift
    new=$PGDATA.new
    rm -rf "$new"
    # From this pod without a password, from other pods with one.
    initdb --pgdata="$new" --pwfile="$POSTGRES_PASSWORD_FILE" --auth=trust \
        --data-checksums --encoding=UTF8 "$@"
    printf '\nhost all all all scram-sha-256\n' >> "$new/pg_hba.conf"
    sync
    # Kept, not deleted: the rule above may be wrong about a volume somebody filled by hand.
    if [ -e "$PGDATA" ]; then
        aside=$PGDATA.unfinished-$(date +%Y%m%dT%H%M%S)
        echo "$service: $PGDATA was never finished; it is kept as $aside"
        mv "$PGDATA" "$aside"
    fi
    mv "$new" "$PGDATA"
    sync
}

# A lock file is made and then written. A start that was cut off in between leaves
# it empty, which PostgreSQL takes for another server that just starts: in this
# pod there is none. The sockets' folder outlives a container, if not its pod.
remove_empty_locks() {
    for lock in "$PGDATA/postmaster.pid" /var/run/postgresql/.s.PGSQL.*.lock; do
        if [ -e "$lock" ] && ! [ -s "$lock" ]; then rm -f "$lock"; fi
    done
}
{{- end }}
