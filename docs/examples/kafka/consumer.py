"""Reads the JSON records, as one of a group."""

from common import JSON_TOPIC, Device, settings
from confluent_kafka import Consumer, KafkaException

IDLE_SECONDS = 10


def main() -> None:
    consumer = Consumer(
        settings(
            **{
                # What the group has read, it is not given again.
                "group.id": "example-consumer",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
    )
    consumer.subscribe([JSON_TOPIC])
    try:
        # None: nothing has come for so long.
        while (record := consumer.poll(IDLE_SECONDS)) is not None:
            if record.error():
                raise KafkaException(record.error())
            device = Device.model_validate_json(record.value())
            print(f"{record.key().decode()}: {device}")
            # After the work, so that a crash repeats it rather than skips it.
            consumer.commit(record, asynchronous=False)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
