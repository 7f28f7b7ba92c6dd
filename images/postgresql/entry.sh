#!/bin/sh
# Make the data folder when there is none, run the start scripts once, become `postgres`.
# POSTGRES_PASSWORD is the administrator's; POSTGRES_INITDB_ARGS go to initdb.
set -eu
case "${1:-}" in
    -*) set -- postgres "$@" ;;
    postgres) ;;
    *) exec "$@" ;;
esac
# The socket is where both this script and `psql` in the pod look for it.
set -- "$@" "--unix_socket_directories=$PGHOST" "--listen_addresses=*"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    umask 077
    # Aside and renamed: an interrupted start leaves nothing that looks finished.
    new="$PGDATA.new"
    rm -rf "$new"
    mkdir -p "$new"
    secret=$(mktemp)
    printf '%s' "${POSTGRES_PASSWORD:?is the password of the administrator}" >"$secret"
    # shellcheck disable=SC2086 - several words are meant
    initdb --pgdata="$new" --username=postgres --pwfile="$secret" --auth-local=trust ${POSTGRES_INITDB_ARGS:-}
    rm -f "$secret"
    printf 'host all all all scram-sha-256\n' >>"$new/pg_hba.conf"
    # Without a port of the network while it is being prepared.
    pg_ctl --pgdata="$new" --wait --options="-c listen_addresses='' -c unix_socket_directories='$PGHOST'" start
    for script in /docker-entrypoint-initdb.d/*.sh; do
        [ -e "$script" ] || continue
        sh "$script" || { pg_ctl --pgdata="$new" --mode=fast stop; exit 1; }
    done
    pg_ctl --pgdata="$new" --mode=fast --wait stop
    mv "$new" "$PGDATA"
fi
exec "$@"
