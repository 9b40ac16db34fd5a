#!/bin/bash
# Runs one of Kafka's programs: kafka-run-class.sh [-name NAME] [-loggc] CLASS [ARGUMENTS].
# It heeds the variables that the real script heeds; remote debugging and a
# daemon mode are not here.
set -u
base=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)

name='' gc=''
while [ $# -gt 0 ]; do
    case $1 in
    -name) name=$2; shift 2 ;;
    -loggc) gc=yes; shift ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || { echo "usage: $0 [-name NAME] [-loggc] CLASS [ARGUMENTS]" >&2; exit 1; }

LOG_DIR=${LOG_DIR:-$base/logs}
log4j=${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=$base/config/tools-log4j2.yaml}
heap=${KAFKA_HEAP_OPTS:--Xmx256M}
tuning=${KAFKA_JVM_PERFORMANCE_OPTS:--server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
    -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true}
jmx=${KAFKA_JMX_OPTS:-}
if [ -n "${JMX_PORT:-}" ]; then
    : "${jmx:=-Dcom.sun.management.jmxremote=true -Dcom.sun.management.jmxremote.authenticate=false -Dcom.sun.management.jmxremote.ssl=false}"
    jmx="$jmx -Dcom.sun.management.jmxremote.port=$JMX_PORT"
fi
log=''
if [ -n "$gc" ]; then
    mkdir -p "$LOG_DIR"
    log=${KAFKA_GC_LOG_OPTS:--Xlog:gc*:file=$LOG_DIR/${name:-kafka}-gc.log:time,tags:filecount=10,filesize=100M}
fi

# Options are lists of words by contract.
# shellcheck disable=SC2086
exec "${JAVA_HOME:-/opt/java/openjdk}/bin/java" $heap $tuning $log $jmx \
    -Dkafka.logs.dir="$LOG_DIR" $log4j ${KAFKA_OPTS:-} \
    -cp "${CLASSPATH:+$CLASSPATH:}$base/libs/*" "$@"
