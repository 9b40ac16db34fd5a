"""The schema registry, by its Confluent-compatible API.

Once it has answered, audits are framed as Confluent's JSON Schema records: a
zero byte, the schema's number in four, and the JSON. Until then they are the
JSON alone, which begins with a brace, so that a reader can tell the two apart.
"""

import asyncio
import json
import time
import urllib.request

from .dependency import Dependency
from .records import SCHEMAS
from .settings import Settings

TIMEOUT = 3.0
LOOK_WHILE_AWAY = 30.0
# Registering again what is registered changes nothing, unless the registry
# has lost it.
LOOK_WHILE_UP = 300.0

# Without the environment's proxies: the registry is in the cluster.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Registry:
    def __init__(self, settings: Settings) -> None:
        self.dependency = Dependency("schema-registry")
        self._url = settings.schema_registry_url.rstrip("/")
        self._numbers: dict[str, int] = {}
        self._next_look = 0.0
        self._one = asyncio.Lock()
        if self._url:
            self.dependency.expected()

    async def frame(self, topic: str, value: bytes) -> bytes:
        if not self.dependency.is_off:
            await self._register_all()
        number = self._numbers.get(topic)
        return value if number is None else b"\0" + number.to_bytes(4, "big") + value

    async def _register_all(self) -> None:
        async with self._one:
            if time.monotonic() < self._next_look:
                return
            try:
                for topic, schema in SCHEMAS.items():
                    self._numbers[topic] = await asyncio.to_thread(self._register, topic, schema)
                self._next_look = time.monotonic() + LOOK_WHILE_UP
                self.dependency.up()
            except (OSError, ValueError, KeyError) as error:
                self._next_look = time.monotonic() + LOOK_WHILE_AWAY
                self.dependency.away(str(error))

    def _register(self, topic: str, schema: str) -> int:
        request = urllib.request.Request(
            f"{self._url}/subjects/{topic}-value/versions",
            json.dumps({"schemaType": "JSON", "schema": schema}).encode(),
            {"Content-Type": "application/vnd.schemaregistry.v1+json"},
        )
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return int(json.load(answer)["id"])
