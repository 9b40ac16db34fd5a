"""The numbers `/metrics` shows."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

disable_created_metrics()


class Metrics:
    """A registry of its own, so that two apps in one process do not clash."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "fastapi_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "fastapi_request_seconds",
            "Time from a request to the end of its answer",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self.registry,
        )
        self.cache = Counter(
            "fastapi_cache",
            "Questions to the cache: hit, miss, or off and away without one",
            ["result"],
            registry=self.registry,
        )
        # Every audit is queued or dropped; one that was queued is delivered,
        # dropped, or still waiting.
        self.queued = Counter(
            "fastapi_audits_queued", "Audits taken for delivery", registry=self.registry
        )
        self.delivered = Counter(
            "fastapi_audits_delivered",
            "Audits Kafka acknowledged, by the topic that has them",
            ["topic"],
            registry=self.registry,
        )
        self.dropped = Counter(
            "fastapi_audits_dropped",
            "Audits given up, by reason",
            ["reason"],
            registry=self.registry,
        )
        for reason in ("off", "queue-full", "refused", "shutdown"):
            self.dropped.labels(reason)
        self.waiting = Gauge(
            "fastapi_audits_waiting", "Audits not delivered yet", registry=self.registry
        )
        self.up = Gauge(
            "fastapi_dependency_up",
            "Whether a server the app uses answers",
            ["dependency"],
            registry=self.registry,
        )
