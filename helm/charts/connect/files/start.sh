#!/bin/sh
# Starts the worker with the plugins the sinks need and no others: the image
# has a dozen databases' connectors, each read and kept in memory.
set -eu

for plugin in /kafka/connect/debezium-connector-jdbc \
    /kafka/connect/debezium-connector-mongodb /kafka/external_libs/apicurio; do
    ln -sfn "$plugin" "/run/plugins/${plugin##*/}"
done

# A record that comes before its schema can be asked for would be given up.
registry=http://schema-registry:8080/apis/registry/v2/system/info
until curl -sSf -m 5 -o /dev/null "$registry"; do sleep 2; done

export KAFKA_HEAP_OPTS="-Xms128m -Xmx$CONNECT_HEAP"
export KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
-XX:MaxMetaspaceSize=192m -XX:MaxDirectMemorySize=64m -XX:ReservedCodeCacheSize=64m \
-XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true"
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=/etc/connect/log4j2.properties"
export LOG_DIR=/tmp
exec /kafka/bin/connect-distributed.sh /etc/connect/connect.properties
