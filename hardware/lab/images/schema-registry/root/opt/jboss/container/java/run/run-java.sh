#!/bin/sh
# Starts the application of /deployments with the options of the environment;
# without a heap among them it may have half of the container's memory.
set -eu
options="${JAVA_OPTIONS:-} ${JAVA_OPTS:-} ${JAVA_OPTS_APPEND:-}"
case $options in
*-Xmx* | *MaxRAMPercentage*) ;;
*) options="-XX:MaxRAMPercentage=${JAVA_MAX_MEM_RATIO:-50}.0 $options" ;;
esac
# Options are a list of words by contract.
# shellcheck disable=SC2086
exec "$JAVA_HOME/bin/java" $options -jar "${JAVA_APP_JAR:-/deployments/quarkus-run.jar}" "$@"
