"""Reads the Avro records; the registry says how."""

from common import AVRO_TOPIC, Device, registry_url, settings
from confluent_kafka import Consumer, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

IDLE_SECONDS = 10


def main() -> None:
    # The schema a record was written with is asked for by the record's number.
    deserialize = AvroDeserializer(
        SchemaRegistryClient({"url": registry_url()}),
        from_dict=lambda fields, _: Device.model_validate(fields),
    )
    place = SerializationContext(AVRO_TOPIC, MessageField.VALUE)

    consumer = Consumer(
        settings(**{"group.id": "example-avro-consumer", "auto.offset.reset": "earliest"})
    )
    consumer.subscribe([AVRO_TOPIC])
    try:
        while (record := consumer.poll(IDLE_SECONDS)) is not None:
            if record.error():
                raise KafkaException(record.error())
            print(f"{record.key().decode()}: {deserialize(record.value(), place)}")
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
