#!/bin/bash
# Starts a Connect worker: connect-distributed.sh connect-distributed.properties
home=/opt/kafka
export KAFKA_LOG4J_OPTS="${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=$home/config/log4j2.yaml}"
export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xms256M -Xmx2G}"
# shellcheck disable=SC2086
exec "$home/bin/kafka-run-class.sh" ${EXTRA_ARGS--name connectDistributed} \
    org.apache.kafka.connect.cli.ConnectDistributed "$@"
