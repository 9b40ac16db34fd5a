#!/bin/sh
# Installs the app's dependencies, each file checked against its hash, where
# they are not there yet: a pod that is started again needs no network.
set -eu
wanted=$(sha256sum < /etc/install/requirements.txt)
if [ "$(cat /deps/.made-from 2> /dev/null || true)" = "$wanted" ]; then
    exit 0
fi
# --upgrade: what an interrupted run has left is replaced.
pip install --quiet --disable-pip-version-check --no-cache-dir --upgrade \
    --require-hashes --only-binary :all: --target /deps -r /etc/install/requirements.txt
# Written last.
echo "$wanted" > /deps/.made-from
