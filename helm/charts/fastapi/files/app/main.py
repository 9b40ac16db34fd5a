"""Puts the app together: `uvicorn --factory app.main:create_app`."""

import asyncio
import logging
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from . import foo, health
from .auditor import Auditor
from .cache import Cache
from .kafka import Kafka
from .metrics import Metrics
from .middleware import Observe
from .registry import Registry
from .settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    settings = settings or Settings.from_environment()
    metrics = Metrics()
    cache = Cache(settings)
    registry = Registry(settings)
    kafka = Kafka(settings, registry)
    auditor = Auditor(settings, metrics, kafka)

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        tasks = [asyncio.create_task(cache.watch()), asyncio.create_task(auditor.run())]
        yield
        await auditor.close(settings.audit_drain_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await cache.close()

    # The documentation's scripts come from a package: no browser of a closed
    # network could fetch them from elsewhere.
    app = FastAPIOffline(
        title="Terrarium API",
        summary="A read-through cache in Redis, and an audit of every request in Kafka",
        version="1.0.0",
        lifespan=lifespan,
    )
    app.state.metrics, app.state.cache, app.state.auditor = metrics, cache, auditor
    app.state.dependencies = [cache.dependency, kafka.dependency, registry.dependency]
    app.add_middleware(Observe, auditor=auditor, metrics=metrics, limit=settings.audit_body_bytes)
    app.include_router(foo.router)
    app.include_router(health.router)

    @app.get("/", include_in_schema=False)
    async def start() -> RedirectResponse:
        return RedirectResponse("/docs")

    return app
