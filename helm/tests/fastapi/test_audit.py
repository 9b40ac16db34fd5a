"""What reaches Kafka, record by record, with real servers."""

import json
import signal
import time
import urllib.request

import pytest
from client import Audits, becomes, delivered_all, foo, get, metric
from kafka_server import unframed
from servers import until

REQUESTS, RESPONSES, DEAD = "fastapi-requests-v1", "fastapi-responses-v1", "dead-letter"


def one(kafka, topic):
    ((key, value),) = kafka.records(topic)
    return key, value


def test_a_request_and_its_response_are_told_under_one_key(app, kafka):
    it = app(kafka_bootstrap=kafka.bootstrap)
    answer = foo(it, "mark", "verify")
    delivered_all(it)
    key, request = one(kafka, REQUESTS)
    same, response = one(kafka, RESPONSES)
    assert key == same == answer.headers["x-audit-id"]
    request, response = json.loads(request), json.loads(response)
    assert (request["method"], request["path"]) == ("GET", "/foo")
    assert request["query"] == "bar=mark&baz=verify"
    assert (response["status"], response["body"]) == (200, answer.json())
    assert response["size"] == len(answer.content)
    assert Audits(it)["delivered"] == 2


def test_only_json_of_a_bounded_length_is_kept(app, kafka):
    it = app(kafka_bootstrap=kafka.bootstrap, audit_body_bytes=100)
    get(it, "/docs"), get(it, "/openapi.json"), foo(it), foo(it, "x" * 100)
    for unaudited in ("/healthz", "/readyz", "/metrics"):
        get(it, unaudited)
    delivered_all(it)
    told = {json.loads(v)["audit_id"]: json.loads(v) for _, v in kafka.records(RESPONSES)}
    asked = {json.loads(v)["audit_id"]: json.loads(v) for _, v in kafka.records(REQUESTS)}
    kept = sorted(
        (asked[i]["path"], a["body"] is not None, a["size"] > 100) for i, a in told.items()
    )
    assert kept == [
        ("/docs", False, True),
        ("/foo", False, True),
        ("/foo", True, False),
        ("/openapi.json", False, True),
    ]


def test_records_are_framed_when_there_is_a_registry(app, kafka, registry):
    it = app(kafka_bootstrap=kafka.bootstrap, schema_registry_url=registry.url)
    foo(it)
    becomes(it, "schema-registry", "up")
    delivered_all(it)
    for topic, field in ((REQUESTS, "method"), (RESPONSES, "status")):
        _, value = one(kafka, topic)
        assert value[0] == 0
        number = int.from_bytes(value[1:5], "big")
        with urllib.request.urlopen(f"{registry.url}/schemas/ids/{number}") as answer:
            schema = json.loads(json.load(answer)["schema"])
        assert field in schema["properties"]
        assert set(schema["required"]) <= set(unframed(value)) <= set(schema["properties"])


def test_a_registry_that_does_not_answer_delays_and_loses_nothing(app, kafka):
    it = app(kafka_bootstrap=kafka.bootstrap, schema_registry_url="http://127.0.0.1:9")
    foo(it)
    delivered_all(it, 20)
    assert one(kafka, REQUESTS)[1].startswith(b"{")
    becomes(it, "schema-registry", "away")


def test_what_its_topic_does_not_take_is_a_dead_letter(app, kafka):
    kafka.delete(RESPONSES)
    it = app(kafka_bootstrap=kafka.bootstrap, kafka_timeout_seconds=3)
    answer = foo(it)
    delivered_all(it)
    key, value = one(kafka, DEAD)
    letter = json.loads(value)
    assert key == letter["audit_id"] == answer.headers["x-audit-id"]
    assert letter["topic"] == RESPONSES
    assert "UnknownTopicOrPartition" in letter["error"]
    assert json.loads(letter["audit"])["status"] == 200
    assert metric(it, 'fastapi_audits_delivered_total{topic="dead-letter"}') == 1
    assert Audits(it)["dropped"] == 0


def test_audits_wait_for_topics_that_are_not_made_yet(app, kafka):
    kafka.delete(RESPONSES, REQUESTS, DEAD)
    it = app(kafka_bootstrap=kafka.bootstrap, kafka_timeout_seconds=2)
    foo(it)
    until("away", lambda: "dead-letter" in get(it, "/readyz").text)
    kafka.create(REQUESTS, RESPONSES, DEAD)
    delivered_all(it)
    assert Audits(it)["dropped"] == 0


def test_a_wrong_password_is_kafka_away_and_mended_without_a_restart(app, kafka, tmp_path):
    it = app(kafka_bootstrap=kafka.bootstrap)
    becomes(it, "kafka", "up")
    password = it.folder / "kafka/password"
    password.write_text("wrong")
    other = app(kafka_bootstrap=kafka.bootstrap, credentials=it.folder)
    becomes(other, "kafka", "away")
    foo(other)
    password.write_text("kafka-secret")
    becomes(other, "kafka", "up")
    delivered_all(other)
    assert Audits(other)["delivered"] == 2


def test_stopping_delivers_what_waits(app, kafka):
    it = app(kafka_bootstrap=kafka.bootstrap, audit_drain_seconds=30)
    becomes(it, "kafka", "up")
    answers = [foo(it) for _ in range(50)]
    assert it.stop(signal.SIGTERM, seconds=30) in (0, -signal.SIGTERM)
    assert "not delivered" not in it.log.read_text()
    wanted = {answer.headers["x-audit-id"] for answer in answers}
    assert {key for key, _ in kafka.records(RESPONSES)} == wanted


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL])
def test_a_broker_that_goes_while_idle_is_noticed(app, kafka, with_signal):
    it = app(kafka_bootstrap=kafka.bootstrap)
    becomes(it, "kafka", "up")
    kafka.stop(with_signal)
    started = time.monotonic()
    becomes(it, "kafka", "away", 30)
    assert time.monotonic() - started < 30
    kafka.start()
    becomes(it, "kafka", "up")
