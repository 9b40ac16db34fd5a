#!/bin/sh
# The official image's contract: options or a config file alone mean redis-server.
set -e
case "${1:-}" in
    -* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
