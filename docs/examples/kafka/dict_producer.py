"""Sends a dict and pydantic models as JSON."""

import json

from common import DEVICES, JSON_TOPIC, ensure_topic, settings, told
from confluent_kafka import Producer


def main() -> None:
    ensure_topic(JSON_TOPIC)
    producer = Producer(settings(acks="all"))

    plain = {"device_ip": "192.168.1.9", "mac_address": "2c:cf:67:00:00:09", "owner": None}
    producer.produce(
        JSON_TOPIC, key=plain["mac_address"], value=json.dumps(plain), on_delivery=told
    )

    for device in DEVICES:
        producer.produce(
            JSON_TOPIC, key=device.mac_address, value=device.model_dump_json(), on_delivery=told
        )

    # Sending happens in the background: here it is waited for.
    producer.flush(30)


if __name__ == "__main__":
    main()
