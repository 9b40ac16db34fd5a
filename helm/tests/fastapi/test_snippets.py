"""The documentation's five snippets, as a reader runs them, one by one."""

import re
import subprocess
import sys

import pytest
from kafka_server import USERS
from servers import ENVIRONMENT, REPOSITORY

FOLDER = REPOSITORY / "docs/examples/kafka"
KEYS = [f"2c:cf:67:00:00:{n}" for n in ("10", "11", "12")]


@pytest.fixture(scope="module")
def run(session_kafka, registry, tmp_path_factory):
    if session_kafka.process is None:
        session_kafka.start()
    password = tmp_path_factory.mktemp("login") / "password"
    password.write_text(USERS["external"] + "\n")
    environment = ENVIRONMENT | {
        "KAFKA_BOOTSTRAP": session_kafka.bootstrap,
        "KAFKA_USERNAME": "external",
        "KAFKA_PASSWORD_FILE": str(password),
        "SCHEMA_REGISTRY_URL": registry.url,
    }

    def run(name):
        command = [sys.executable, str(FOLDER / f"{name}.py")]
        done = subprocess.run(
            command, check=False, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


def test_the_five_in_order(run):
    plain = "2c:cf:67:00:00:09"
    assert run("dict_producer") == [
        f"example-devices[0] at {n}: {key}" for n, key in enumerate([plain, *KEYS])
    ]
    lines = run("consumer")
    assert [line.split(": ")[0] for line in lines] == [plain, *KEYS]
    assert "device_ip='192.168.1.10'" in lines[1]
    assert run("consumer") == [], "the group was given its records again"

    assert run("avro_producer") == [
        f"example-devices-avro[0] at {n}: {key}" for n, key in enumerate(KEYS)
    ]
    lines = run("avro_consumer")
    assert [line.split(": ")[0] for line in lines] == KEYS
    assert "owner='grace'" in lines[1] and "owner=None" in lines[2]

    lines = run("async_usage")
    for word in ("sent", "read"):
        assert [line for line in lines if line.startswith(word)] == [
            f"{word} {key} at {n}" for n, key in enumerate(KEYS, start=4)
        ]


def test_the_page_shows_them_all():
    page = (FOLDER.parent / "kafka.md").read_text()
    shown = set(re.findall(r"kafka/([a-z_]+\.py)", page))
    assert {file.name for file in FOLDER.glob("*.py")} <= shown
