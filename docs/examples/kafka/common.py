"""What the five snippets share: where Kafka is, and the record they send.

KAFKA_BOOTSTRAP       host:port of the broker
KAFKA_USERNAME        the user, `external` by default
KAFKA_PASSWORD_FILE   a file with the password
SCHEMA_REGISTRY_URL   base address of the registry's Confluent API
"""

import os
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from pydantic_avro import AvroBase

JSON_TOPIC = "example-devices"
AVRO_TOPIC = "example-devices-avro"


class Device(AvroBase):
    """A pydantic model that also knows its Avro schema."""

    device_ip: str
    mac_address: str
    owner: str | None = None


DEVICES = [
    Device(device_ip="192.168.1.10", mac_address="2c:cf:67:00:00:10", owner="ada"),
    Device(device_ip="192.168.1.11", mac_address="2c:cf:67:00:00:11", owner="grace"),
    Device(device_ip="192.168.1.12", mac_address="2c:cf:67:00:00:12"),
]


def bootstrap() -> str:
    return os.environ["KAFKA_BOOTSTRAP"]


def login() -> tuple[str, str]:
    """User and password. From a file, because an argument or a variable is
    seen by more eyes than a file."""
    user = os.environ.get("KAFKA_USERNAME", "external")
    return user, Path(os.environ["KAFKA_PASSWORD_FILE"]).read_text().strip()


def registry_url() -> str:
    return os.environ["SCHEMA_REGISTRY_URL"]


def settings(**more: object) -> dict:
    """The settings of a client of librdkafka."""
    user, password = login()
    return {
        "bootstrap.servers": bootstrap(),
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password,
    } | more


def ensure_topic(name: str) -> None:
    """Makes a topic, because this broker makes none by itself."""
    admin = AdminClient(settings())
    made = admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    try:
        made[name].result(30)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def told(error: KafkaError | None, record) -> None:
    """What a producer calls when the broker has a record, or will not have it."""
    if error:
        raise KafkaException(error)
    print(f"{record.topic()}[{record.partition()}] at {record.offset()}: {record.key().decode()}")
