"""Takes audits at once and delivers them when Kafka is there.

A request only ever appends to a queue of bounded length. One task empties it.
An audit stays in the queue until Kafka has acknowledged it: one that was sent
when the connection broke is sent again, so a topic may have it twice, under
the same key.
"""

import asyncio
import logging
import time
from collections import deque
from itertools import islice
from typing import NamedTuple

from pydantic import BaseModel

from .kafka import Away, Kafka
from .metrics import Metrics
from .settings import Settings

log = logging.getLogger("app")

BATCH = 200
LOOK_WHILE_IDLE = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0


class Audit(NamedTuple):
    topic: str
    key: str
    value: bytes


class Auditor:
    def __init__(self, settings: Settings, metrics: Metrics, kafka: Kafka) -> None:
        self.closing = False
        self._room = settings.audit_queue
        self._metrics = metrics
        self._kafka = kafka
        self._queue: deque[Audit] = deque()
        self._came = asyncio.Event()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def put(self, topic: str, key: str, audit: BaseModel) -> None:
        """Never waits."""
        if self._kafka.dependency.is_off:
            self._metrics.dropped.labels("off").inc()
        elif len(self._queue) >= self._room:
            self._metrics.dropped.labels("queue-full").inc()
        else:
            self._queue.append(Audit(topic, key, audit.model_dump_json().encode()))
            self._metrics.queued.inc()
            self._came.set()

    async def run(self) -> None:
        """Delivers, and connects again, for ever."""
        pause = FIRST_PAUSE
        while not self._kafka.dependency.is_off:
            try:
                async with self._kafka.connected():
                    pause = FIRST_PAUSE
                    while True:
                        await self._one_round()
            except Away as error:
                self._kafka.dependency.away(str(error))
            except Exception:
                # A mistake of ours must not end the delivery for good.
                log.exception("delivering audits")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def close(self, seconds: float) -> None:
        """Delivers what waits, for so long; what then still waits is lost,
        and counted: as dropped, even if Kafka has it and did not say so yet."""
        self.closing = True
        end = time.monotonic() + seconds
        while self._queue and time.monotonic() < end:
            await asyncio.sleep(0.05)
        if self._queue:
            log.warning("stopping: %d audits not delivered", len(self._queue))
            self._metrics.dropped.labels("shutdown").inc(len(self._queue))
            self._queue.clear()

    async def _one_round(self) -> None:
        if not self._queue:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), LOOK_WHILE_IDLE)
            except TimeoutError:
                await self._kafka.look()
                return
        batch = list(islice(self._queue, BATCH))
        done = await asyncio.gather(*(self._deliver(audit) for audit in batch))
        for _ in batch:
            self._queue.popleft()
        kept = [audit for audit, error in zip(batch, done) if error]
        self._queue.extendleft(reversed(kept))
        if kept:
            raise next(error for error in done if error)

    async def _deliver(self, audit: Audit) -> Away | None:
        """Whether it has to be kept."""
        try:
            topic = await self._kafka.send(*audit)
        except Away as error:
            return error
        except Exception as error:  # noqa: BLE001
            # Refused, or a mistake of ours: kept, it would come back for ever.
            log.warning("audit %s for %s is lost: %s", audit.key, audit.topic, error)
            self._metrics.dropped.labels("refused").inc()
        else:
            self._metrics.delivered.labels(topic).inc()
        return None
