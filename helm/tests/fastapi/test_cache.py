"""The read-through cache, with a real Redis."""

import signal
import subprocess

from client import becomes, foo, many, metric
from servers import until


def asked(redis, *words):
    command = ["redis-cli", "-p", str(redis.port), "--user", "fastapi", *words]
    environment = {"REDISCLI_AUTH": "redis-secret"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def address(redis):
    return f"127.0.0.1:{redis.port}"


def test_the_second_answer_is_the_first(app, redis):
    redis.start()
    it = app(redis_address=address(redis), cache_seconds=100)
    becomes(it, "redis", "up")
    first, second = foo(it), foo(it)
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.json() == second.json()
    assert asked(redis, "GET", "foo:a:b") == first.text
    assert 90 <= int(asked(redis, "TTL", "foo:a:b")) <= 100
    assert metric(it, 'fastapi_cache_total{result="hit"}') == 1


def test_an_answer_ends_with_its_time(app, redis):
    redis.start()
    it = app(redis_address=address(redis), cache_seconds=1)
    becomes(it, "redis", "up")
    foo(it)
    until("missed again", lambda: foo(it).headers["x-cache"] == "miss", 10)


def test_a_colon_makes_no_two_questions_one(app, redis):
    redis.start()
    it = app(redis_address=address(redis))
    becomes(it, "redis", "up")
    one, other = foo(it, "a:b", "c"), foo(it, "a", "b:c")
    assert other.headers["x-cache"] == "miss"
    assert (one.json()["bar"], other.json()["bar"]) == ("a:b", "a")


def test_redis_comes_goes_and_comes_again(app, redis):
    it = app(redis_address=address(redis))
    assert foo(it).headers["x-cache"] == "away"
    redis.start()
    becomes(it, "redis", "up")
    foo(it)
    assert foo(it).headers["x-cache"] == "hit"
    redis.stop(signal.SIGKILL)
    assert foo(it).headers["x-cache"] == "away"
    redis.start()
    becomes(it, "redis", "up")
    # It kept nothing: the answer is made anew.
    assert foo(it).headers["x-cache"] == "miss"


def test_more_requests_than_connections_all_use_the_cache(app, redis):
    redis.start()
    it = app(redis_address=address(redis))
    becomes(it, "redis", "up")
    many(it, 500)
    assert {a.headers["x-cache"] for a in many(it, 500)} == {"hit"}
