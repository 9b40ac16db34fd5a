"""A thousand requests at once while Kafka is away, comes, and goes."""

import signal
import threading

from client import Audits, becomes, delivered_all, foo, many, metric
from servers import until

THOUSAND = 1000
# Nothing the app asks of Kafka ends sooner while Kafka is away: a request
# that waited for it would take so long.
TIMEOUT = 60
SLOWEST = 5.0


def fast(app, count):
    quick = metric(app, f'fastapi_request_seconds_bucket{{le="{SLOWEST}",route="/foo"}}')
    assert quick == count, f"{count - quick} of {count} requests took over {SLOWEST} s"


def ids(answers):
    return {answer.headers["x-audit-id"] for answer in answers}


def keys(kafka, topic):
    return [key for key, _ in kafka.records(topic)]


def test_kafka_down_then_up(app, kafka, redis):
    kafka.stop()
    redis.start()
    it = app(
        kafka_bootstrap=kafka.bootstrap,
        redis_address=f"127.0.0.1:{redis.port}",
        kafka_timeout_seconds=TIMEOUT,
    )
    becomes(it, "redis", "up")
    answers = many(it, THOUSAND)
    fast(it, THOUSAND)
    assert Audits(it)["waiting"] == 2 * THOUSAND
    kafka.start()
    delivered_all(it)
    audits = Audits(it)
    assert (audits["delivered"], audits["dropped"]) == (2 * THOUSAND, 0)
    for topic in ("fastapi-requests-v1", "fastapi-responses-v1"):
        assert sorted(keys(kafka, topic)) == sorted(ids(answers))


def test_a_full_queue_drops_and_counts(app, kafka):
    kafka.stop()
    it = app(kafka_bootstrap=kafka.bootstrap, audit_queue=300)
    many(it, THOUSAND)
    fast(it, THOUSAND)
    audits = Audits(it)
    assert (audits["waiting"], audits["dropped"]) == (300, 2 * THOUSAND - 300)
    kafka.start()
    delivered_all(it)
    assert Audits(it)["delivered"] == 300
    topics = ("fastapi-requests-v1", "fastapi-responses-v1")
    assert sum(len(keys(kafka, topic)) for topic in topics) == 300
    foo(it)
    delivered_all(it)
    assert Audits(it)["delivered"] == 302


def test_a_broker_killed_in_the_middle_loses_no_audit(app, kafka):
    it = app(kafka_bootstrap=kafka.bootstrap, kafka_timeout_seconds=10)
    becomes(it, "kafka", "up")
    killer = threading.Thread(
        target=lambda: (
            until("some delivered", lambda: metric(it, "fastapi_audits_delivered_total") > 50),
            kafka.stop(signal.SIGKILL),
        )
    )
    killer.start()
    answers = many(it, THOUSAND)
    killer.join()
    fast(it, THOUSAND)
    answers += many(it, THOUSAND)
    kafka.start()
    delivered_all(it)
    audits = Audits(it)
    assert (audits["delivered"], audits["dropped"]) == (4 * THOUSAND, 0)
    for topic in ("fastapi-requests-v1", "fastapi-responses-v1"):
        # Some may be there twice, none is missing.
        assert set(keys(kafka, topic)) == ids(answers)
