"""The app with nothing behind it, or with what does not answer."""

import signal
import socket

import pytest
from client import Audits, becomes, foo, get, many, metric, state
from servers import free_port


def test_it_serves_with_nothing_configured(app):
    it = app()
    assert foo(it).headers["x-cache"] == "off"
    ready = get(it, "/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert {d["state"] for d in ready.json()["dependencies"].values()} == {"off"}
    assert Audits(it)["dropped"] == 2


def test_it_serves_and_says_so_when_nothing_answers(app):
    away = f"127.0.0.1:{free_port()}"
    it = app(redis_address=away, kafka_bootstrap=away, schema_registry_url=f"http://{away}")
    assert foo(it).headers["x-cache"] == "away"
    ready = get(it, "/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert {d["state"] for d in ready.json()["dependencies"].values()} == {"away"}
    assert metric(it, "fastapi_dependency_up") == 0
    assert Audits(it)["waiting"] == 2


def test_servers_that_accept_and_say_nothing_hold_no_request(app):
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        port = silent.getsockname()[1]
        address = f"127.0.0.1:{port}"
        it = app(redis_address=address, kafka_bootstrap=address, kafka_timeout_seconds=60)
        many(it, 200)
        # The slowest stood behind the one question that found Redis silent.
        assert metric(it, 'fastapi_request_seconds_bucket{le="5.0",route="/foo"}') == 200
        assert state(it, "kafka") == "away"


def test_a_login_that_is_missing_is_a_server_away(app, tmp_path):
    address = f"127.0.0.1:{free_port()}"
    it = app(redis_address=address, kafka_bootstrap=address, credentials=tmp_path / "none")
    becomes(it, "kafka", "away")
    assert foo(it).headers["x-cache"] == "away"
    assert "no login" in get(it, "/readyz").json()["dependencies"]["kafka"]["detail"]


@pytest.mark.parametrize("query", ["", "bar=1", "bar=1&baz=" + 201 * "x"])
def test_a_wrong_question_is_refused_and_counted(app, query):
    it = app()
    assert get(it, f"/foo?{query}").status_code == 422
    assert get(it, "/nowhere").status_code == 404
    assert metric(it, 'fastapi_requests_total{method="GET",route="/foo",status="422"}') == 1
    assert metric(it, 'fastapi_requests_total{method="GET",route="other",status="404"}') == 1


def test_it_ends_within_its_bound_when_audits_cannot_be_delivered(app):
    it = app(kafka_bootstrap=f"127.0.0.1:{free_port()}", audit_drain_seconds=2)
    foo(it)
    # Uvicorn ends by the signal it was given, once it is done.
    assert it.stop(signal.SIGTERM, seconds=10) in (0, -signal.SIGTERM)
    assert "2 audits not delivered" in it.log.read_text()
