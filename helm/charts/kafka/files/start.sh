#!/bin/sh
# Starts the broker: with the addresses of this start, on formatted storage.
set -eu
umask 077

# IPv6 addresses are written in brackets before a port.
host() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }

config=/tmp/server.properties
cat /etc/broker/server.properties /run/secrets/kafka/login.properties > "$config"
internal="INTERNAL://kafka:9092"
external="EXTERNAL://$(host "$HOST_IP"):$EXTERNAL_PORT"
echo "advertised.listeners=$internal,$external,ADMIN://$(host "$POD_IP"):9091" >> "$config"

# The mark of formatted storage is written last.
if ! [ -f /var/lib/kafka/data/logs/meta.properties ]; then
    /opt/kafka/bin/kafka-storage.sh format --ignore-formatted \
        --cluster-id "$(cat /run/secrets/kafka/cluster-id)" --config "$config"
fi

# The environment is that of the tools; the broker has its own.
export KAFKA_HEAP_OPTS="-Xmx$BROKER_HEAP"
export KAFKA_JVM_PERFORMANCE_OPTS="-server -XX:+UseSerialGC -XX:MaxMetaspaceSize=128m \
-XX:MaxDirectMemorySize=96m -XX:ReservedCodeCacheSize=64m -XX:+ExitOnOutOfMemoryError \
-Djava.awt.headless=true"
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=/etc/broker/log4j2.properties"
# No log of the garbage collector's.
export EXTRA_ARGS="-name kafkaServer"
exec /opt/kafka/bin/kafka-server-start.sh "$config"
