"""Sends pydantic models as Avro, with their schema in the registry."""

import json

from common import AVRO_TOPIC, DEVICES, Device, ensure_topic, registry_url, settings, told
from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext


def main() -> None:
    ensure_topic(AVRO_TOPIC)
    registry = SchemaRegistryClient({"url": registry_url()})
    # Registers the schema as example-devices-avro-value, and puts its number
    # before each record.
    serialize = AvroSerializer(
        registry,
        json.dumps(Device.avro_schema()),
        to_dict=lambda device, _: device.model_dump(),
    )
    place = SerializationContext(AVRO_TOPIC, MessageField.VALUE)

    producer = Producer(settings(acks="all"))
    for device in DEVICES:
        producer.produce(
            AVRO_TOPIC, key=device.mac_address, value=serialize(device, place), on_delivery=told
        )
    producer.flush(30)


if __name__ == "__main__":
    main()
