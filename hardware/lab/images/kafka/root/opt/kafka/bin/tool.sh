#!/bin/bash
# The command line tools: links to this file, each the class of its name.
set -eu
case $(basename "$0" .sh) in
kafka-storage) class=kafka.tools.StorageTool ;;
kafka-configs) class=kafka.admin.ConfigCommand ;;
kafka-topics) class=org.apache.kafka.tools.TopicCommand ;;
kafka-acls) class=org.apache.kafka.tools.AclCommand ;;
kafka-broker-api-versions) class=org.apache.kafka.tools.BrokerApiVersionsCommand ;;
kafka-console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
kafka-console-producer) class=org.apache.kafka.tools.ConsoleProducer ;;
kafka-consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
kafka-delete-records) class=org.apache.kafka.tools.DeleteRecordsCommand ;;
kafka-get-offsets) class=org.apache.kafka.tools.GetOffsetShell ;;
kafka-log-dirs) class=org.apache.kafka.tools.LogDirsCommand ;;
kafka-metadata-quorum) class=org.apache.kafka.tools.MetadataQuorumCommand ;;
*) echo "$0: run it by the name of one of Kafka's tools" >&2; exit 2 ;;
esac
case $class in
# The real ones give these more than the tools' 256 MB.
*Console*) export KAFKA_HEAP_OPTS="${KAFKA_HEAP_OPTS:--Xmx512M}" ;;
esac
exec "$(dirname "$(readlink -f "$0")")/kafka-run-class.sh" "$class" "$@"
