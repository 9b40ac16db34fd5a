"""A cache in Redis that a request may always do without."""

import asyncio
from urllib.parse import quote

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import RedisError

from .dependency import Dependency
from .settings import Settings

# What one exchange with Redis may take before Redis counts as away.
TIMEOUT = 2.0
# More at once than Redis needs to be kept busy would only be more sockets.
CONNECTIONS = 16
LOOK_WHILE_AWAY = 1.0
LOOK_WHILE_UP = 10.0


class Login(CredentialProvider):
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def get_credentials(self) -> tuple[str, str]:
        return self.settings.login("redis")


def key(bar: str, baz: str) -> str:
    """`foo:<bar>:<baz>`. Quoted, because a colon within a part would give two
    questions one answer."""
    return f"foo:{quote(bar, safe='')}:{quote(baz, safe='')}"


class Cache:
    def __init__(self, settings: Settings) -> None:
        self.dependency = Dependency("redis")
        self._seconds = settings.cache_seconds
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._redis: Redis | None = None
        if settings.redis_address:
            host, _, port = settings.redis_address.rpartition(":")
            pool = ConnectionPool(
                host=host,
                port=int(port),
                credential_provider=Login(settings),
                # The older protocol: nothing is asked for on connecting that
                # a narrow set of rights would refuse.
                protocol=2,
                socket_timeout=TIMEOUT,
                socket_connect_timeout=TIMEOUT,
                retry=Retry(NoBackoff(), 0),
                max_connections=CONNECTIONS,
            )
            self._redis = Redis.from_pool(pool)
            self.dependency.expected()

    async def get(self, name: str) -> bytes | None:
        return await self._ask(lambda redis: redis.get(name))

    async def put(self, name: str, value: bytes) -> None:
        await self._ask(lambda redis: redis.set(name, value, ex=self._seconds))

    async def watch(self) -> None:
        """Finds out when Redis comes and goes, so that no request has to."""
        while self._redis:
            # A question as a request asks it: a ping would also be answered
            # to one who may not read.
            await self._exchange(lambda redis: redis.get(key("", "")))
            await asyncio.sleep(LOOK_WHILE_UP if self.dependency.is_up else LOOK_WHILE_AWAY)

    async def close(self) -> None:
        if self._redis:
            await self._redis.aclose()

    async def _ask(self, question):
        async with self._turns:
            # Asked here, not before the wait: the first to wait in vain tells
            # all who stand behind it.
            return await self._exchange(question) if self.dependency.is_up else None

    async def _exchange(self, question):
        try:
            answer = await question(self._redis)
        except (RedisError, OSError) as error:
            self.dependency.away(f"{type(error).__name__}: {error}")
            return None
        self.dependency.up()
        return answer
