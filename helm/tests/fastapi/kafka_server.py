"""A Kafka of one node with the logins of the chart, for the tests."""

import json
import os
import subprocess
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from servers import JVM, Server, free_port, java, until

USERS = {"fastapi": "kafka-secret", "external": "external-secret"}
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class KafkaServer(Server):
    """Its jars are in TERRARIUM_KAFKA_HOME/libs. It keeps its data, port and
    users over a stop."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "kafka")
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.settings = folder / "server.properties"
        inner, control = free_port(), free_port()
        self.settings.write_text(f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
listeners=CLIENT://{self.bootstrap},ADMIN://127.0.0.1:{inner},CONTROLLER://127.0.0.1:{control}
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=ADMIN
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config={SCRAM}
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
""")
        users = [f"SCRAM-SHA-512=[name={name},password={word}]" for name, word in USERS.items()]
        added = [word for user in users for word in ("--add-scram", user)]
        self._format = ["format", "-t", "terrarium-test-cluster", "-c", str(self.settings), *added]

    def start(self) -> None:
        if not (self.folder / "data").exists():
            command = self._java("kafka.tools.StorageTool", *self._format)
            subprocess.run(command, check=True, capture_output=True)
        self.run(self._java("kafka.Kafka", str(self.settings)), cwd=self.folder)
        self.ready(self._lists_topics, 180)

    def topics(self) -> set[str]:
        return set(self._admin().list_topics(timeout=10).topics)

    def create(self, *topics: str) -> None:
        wanted = [NewTopic(topic, 2, 1) for topic in topics]
        admin = self._admin()  # ends its questions when it goes
        for made in admin.create_topics(wanted).values():
            made.result(30)

    def delete(self, *topics: str) -> None:
        admin = self._admin()
        for gone in admin.delete_topics(list(topics)).values():
            gone.result(30)

    def records(self, topic: str) -> list[tuple[str, bytes]]:
        """Every record of a topic, as key and value."""
        consumer = Consumer(self._login() | {"group.id": "tests", "enable.auto.commit": False})
        found = []
        try:
            parts = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in parts}
            consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in parts])
            wanted = sum(ends.values())

            def all_read():
                # It waits for as many as it is asked for, or so long.
                batch = consumer.consume(min(500, wanted - len(found)), timeout=1)
                found.extend((record.key().decode(), record.value()) for record in batch)
                return len(found) >= wanted

            if wanted:
                until(f"all of {topic} read", all_read)
        finally:
            consumer.close()
        return found

    def _java(self, *words: str) -> list[str]:
        libraries = Path(os.environ["TERRARIUM_KAFKA_HOME"], "libs", "*")
        return [java(17), *JVM, "-Xmx384m", "-cp", str(libraries), *words]

    def _login(self) -> dict:
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "external",
            "sasl.password": USERS["external"],
            # What it says while the server is still away is of no interest.
            "log_level": 0,
        }

    def _admin(self) -> AdminClient:
        return AdminClient(self._login())

    def _lists_topics(self) -> bool:
        try:
            return bool(self._admin().list_topics(timeout=2).brokers)
        except Exception:  # noqa: BLE001 - whatever it is, it is not ready
            return False


def unframed(value: bytes) -> dict:
    """The JSON of an audit, with or without a schema's number before it."""
    return json.loads(value[5:] if value[:1] == b"\0" else value)
