import resource
import sys

import pytest

sys.dont_write_bytecode = True

from kafka_server import KafkaServer
from servers import AppServer, RedisServer, RegistryServer

TOPICS = ("fastapi-requests-v1", "fastapi-responses-v1", "dead-letter")

# A thousand connections, from both sides.
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))


def of_its_own(server):
    yield server
    server.stop()


@pytest.fixture
def redis(tmp_path):
    """Not started yet: a test says when."""
    yield from of_its_own(RedisServer(tmp_path / "redis"))


@pytest.fixture(scope="session")
def kafka_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kafka")


@pytest.fixture(scope="session")
def session_kafka(kafka_folder):
    yield from of_its_own(KafkaServer(kafka_folder))


@pytest.fixture
def kafka(session_kafka):
    """Running, with empty topics; the same process where a test lets it be."""
    if session_kafka.process is None:
        session_kafka.start()
    if former := set(TOPICS) & session_kafka.topics():
        session_kafka.delete(*former)
    session_kafka.create(*TOPICS)
    return session_kafka


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    server = RegistryServer(tmp_path_factory.mktemp("registry"))
    server.start()
    yield from of_its_own(server)


@pytest.fixture
def app(tmp_path):
    """Starts apps: `app(redis_address=…)`; all end with the test."""
    started = []

    def start(**settings):
        server = AppServer(tmp_path / f"app-{len(started)}", **settings)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
