"""Kafka as the auditor sees it: it takes a record, refuses it, or is away."""

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from .dependency import Dependency
from .records import DEAD_LETTER, dead_letter
from .registry import Registry
from .settings import Settings

# Sending the record again would not help.
REFUSALS = (
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
# Closing ends at once when nothing is on its way, and is not worth a wait
# when something is: what was not acknowledged is still in the queue.
CLOSING = 3.0


class Away(Exception):
    """Kafka does not answer: the record is to be kept."""


class Refused(Exception):
    """Kafka takes the record neither in its topic nor in the dead letters'."""


class Once(logging.Filter):
    """aiokafka says the same at every attempt; once is enough."""

    last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        new, self.last = text != self.last, text
        return new


class Kafka:
    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.dependency = Dependency("kafka")
        self._settings = settings
        self._registry = registry
        self._producer: AIOKafkaProducer | None = None
        if settings.kafka_bootstrap:
            self.dependency.expected()
        for name in ("aiokafka", "aiokafka.conn"):
            logging.getLogger(name).addFilter(Once())

    @asynccontextmanager
    async def connected(self):
        self._producer = producer = self._make()
        try:
            await producer.start()
            self.dependency.up()
            yield
        except (KafkaError, OSError) as error:
            raise Away(_text(error)) from error
        finally:
            self._producer = None
            with suppress(TimeoutError):
                await asyncio.wait_for(producer.stop(), CLOSING)

    async def look(self) -> None:
        """Whether it still answers, asked while there is nothing to send."""
        if not await self._producer.client.force_metadata_update():
            raise Away("no broker answers")

    async def send(self, topic: str, key: str, value: bytes) -> str:
        """Gives the topic that has it now: its own, or the dead letters'."""
        try:
            framed = await self._registry.frame(topic, value)
            await self._acknowledged(topic, key, framed)
            return topic
        except REFUSALS as error:
            first = f"{topic}: {_text(error)}"
            letter = dead_letter(key, topic, value, first, datetime.now(UTC))
        try:
            await self._acknowledged(DEAD_LETTER, key, letter)
            return DEAD_LETTER
        except UnknownTopicOrPartitionError as error:
            # With neither topic there, the cluster is not set up yet.
            raise Away(f"{first}; {DEAD_LETTER}: {_text(error)}") from error
        except REFUSALS as error:
            raise Refused(f"{first}; {DEAD_LETTER}: {_text(error)}") from error

    async def _acknowledged(self, topic: str, key: str, value: bytes) -> None:
        try:
            await (await self._producer.send(topic, key=key.encode(), value=value))
        except REFUSALS:
            raise
        except (KafkaError, OSError) as error:
            raise Away(_text(error)) from error

    def _make(self) -> AIOKafkaProducer:
        try:
            user, password = self._settings.login("kafka")
        except OSError as error:
            raise Away(f"no login: {error}") from error
        return AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            client_id="fastapi",
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=user,
            sasl_plain_password=password,
            acks="all",
            linger_ms=20,
            request_timeout_ms=1000 * self._settings.kafka_timeout_seconds,
        )


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
