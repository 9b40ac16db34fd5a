#!/bin/sh
# Puts Kafka's own jars into FOLDER/libs for the tests, checked against
# SHA256SUMS. Quick when they are there.
#
#   prepare.sh [FOLDER]     default: kafka-home in Terrarium's cache
#
# Needs Java 17 and Maven (Debian: default-jre-headless maven).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${TERRARIUM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terrarium}
home=${1:-$cache/kafka-home}
checked() { [ -d "$1" ] && (cd "$1" && sha256sum --quiet --strict --check "$here/SHA256SUMS"); }

if ! checked "$home/libs" >/dev/null 2>&1; then
    for tool in java mvn; do
        command -v "$tool" >/dev/null || {
            echo "$0: no $tool; install default-jre-headless and maven" >&2
            exit 1
        }
    done
    mkdir -p "$home"
    rm -rf "$home/libs.new"
    mvn --batch-mode --quiet -Dstyle.color=never --file "$here/pom.xml" \
        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DincludeScope=runtime "-DoutputDirectory=$home/libs.new" >&2
    checked "$home/libs.new" || {
        echo "$0: what Maven gave is not what SHA256SUMS says; see above" >&2
        exit 1
    }
    rm -rf "$home/libs"
    mv "$home/libs.new" "$home/libs"
fi
echo "$home"
