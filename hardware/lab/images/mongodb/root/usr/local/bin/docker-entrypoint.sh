#!/bin/sh
# The official image's contract: options alone mean mongod.
set -e
case "${1:-}" in
    -*) set -- mongod "$@" ;;
esac
exec "$@"
