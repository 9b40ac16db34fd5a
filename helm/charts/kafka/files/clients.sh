#!/bin/sh
# Makes the users and topics of Kafka's clients. Run again, it changes only what
# differs, and the passwords' salt.
set -eu
umask 077

server=${KAFKA:-kafka-pods:9091}
folder=$(dirname "$0")
tab=$(printf '\t')
tool() {
    name=$1
    shift
    "/opt/kafka/bin/$name.sh" --bootstrap-server "$server" \
        --command-config /run/secrets/kafka/admin.properties "$@" < /dev/null
}

# The same, silent unless it fails: some say on standard output why.
quiet() { tool "$@" > /tmp/said 2>&1 || { cat /tmp/said >&2; return 1; }; }

# As long as a first start may take on the slowest board. The topics found are
# what is compared below.
end=$(($(date +%s) + 900))
until tool kafka-topics --describe --exclude-internal > /tmp/topics 2> /tmp/error; do
    if [ "$(date +%s)" -ge "$end" ]; then
        cat /tmp/topics /tmp/error >&2
        echo "kafka: no answer within 15 minutes" >&2
        exit 1
    fi
    sleep 2
done

# In a file, because arguments are seen by everyone on the node.
for client in /run/clients/*/; do
    user=$(basename "$client")
    printf 'SCRAM-SHA-512=iterations=4096,password=%s\n' "$(cat "$client/password")" > /tmp/user
    quiet kafka-configs --alter --entity-type users --entity-name "$user" \
        --add-config-file /tmp/user
    echo "user $user"
done

# Its description's fields: "PartitionCount: <n>" and "Configs: <a>=<b>,...".
look() {
    partitions="" configs=""
    while IFS=$tab read -r name _ count _ all; do
        case "$name/$count" in
        "Topic: $1/PartitionCount: "*) partitions=${count#*: } configs=${all#Configs: } ;;
        esac
    done < /tmp/topics
}

# One line each: the topic, its partitions, its settings.
while read -r topic wanted settings; do
    look "$topic"
    if [ -z "$partitions" ]; then
        options=""
        for setting in $settings; do options="$options --config $setting"; done
        # shellcheck disable=SC2086 # one word each
        quiet kafka-topics --create --if-not-exists --topic "$topic" \
            --partitions "$wanted" $options
        echo "topic $topic: made"
        continue
    fi
    if [ "$partitions" -lt "$wanted" ]; then
        quiet kafka-topics --alter --topic "$topic" --partitions "$wanted"
    fi
    : > /tmp/settings
    for setting in $settings; do
        case ",$configs," in *",$setting,"*) ;; *) echo "$setting" >> /tmp/settings ;; esac
    done
    if [ -s /tmp/settings ]; then
        quiet kafka-configs --alter --entity-type topics --entity-name "$topic" \
            --add-config-file /tmp/settings
    fi
    echo "topic $topic: there"
done < "$folder/topics"
