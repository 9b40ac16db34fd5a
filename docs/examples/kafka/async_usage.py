"""Sends and reads at the same time, in one event loop."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from common import DEVICES, JSON_TOPIC, Device, bootstrap, ensure_topic, login


def settings() -> dict:
    user, password = login()
    return {
        "bootstrap_servers": bootstrap(),
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }


async def send(devices: list[Device]) -> None:
    async with AIOKafkaProducer(**settings(), acks="all") as producer:
        for device in devices:
            sent = await producer.send_and_wait(
                JSON_TOPIC, key=device.mac_address.encode(), value=device.model_dump_json().encode()
            )
            print(f"sent {device.mac_address} at {sent.offset}")


async def read(consumer: AIOKafkaConsumer, count: int) -> None:
    for _ in range(count):
        record = await consumer.getone()
        print(f"read {Device.model_validate_json(record.value).mac_address} at {record.offset}")


async def main() -> None:
    await asyncio.to_thread(ensure_topic, JSON_TOPIC)
    # Without a group: it is given what comes from now on, and nothing of it
    # is remembered.
    async with AIOKafkaConsumer(JSON_TOPIC, **settings()) as consumer:
        await consumer.seek_to_end()
        # It looks the end up now; when first asked would be after the sending.
        await consumer.position(*consumer.assignment())
        await asyncio.wait_for(asyncio.gather(send(DEVICES), read(consumer, len(DEVICES))), 60)


if __name__ == "__main__":
    asyncio.run(main())
