#!/usr/bin/env bash
# Makes the documentation's picture by what it shows: `provision` writes the page, a
# headless browser looks at it. Where the internet cannot be reached, TERRARIUM_INVENTORY
# names an inventory with a mirror.
set -euo pipefail
cd "$(dirname "$0")/../.."
provision=${PROVISION:-dist/provision}
browser=${BROWSER:-chromium}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$provision" fit --boards 3xpi5-8gb --profile core --html "$work/fit.html" >/dev/null
"$browser" --headless --no-sandbox --hide-scrollbars --force-color-profile=srgb \
    --window-size=1100,1020 --screenshot="$PWD/docs/pictures/fit.png" "file://$work/fit.html"
