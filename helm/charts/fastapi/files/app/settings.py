"""What the environment says. Secrets are not among it: they are files."""

import os
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Each field is the environment variable of its name in capitals."""

    # `host:port`; empty: there is none, and the app does without.
    redis_address: str = ""
    kafka_bootstrap: str = ""
    # A base address that answers `/subjects`; empty: audits are plain JSON.
    schema_registry_url: str = ""
    # Holds {redis,kafka}/{username,password}.
    credentials: str = "/run/secrets"

    cache_seconds: int = 300
    # Audits that wait for Kafka; more are dropped, and counted.
    audit_queue: int = 5000
    # A longer response body is left out of its audit.
    audit_body_bytes: int = 4096
    # How long a stopping app goes on delivering audits.
    audit_drain_seconds: int = 10
    # How long one attempt to reach Kafka may take.
    kafka_timeout_seconds: int = 10

    @classmethod
    def from_environment(cls) -> "Settings":
        given = {f.name: os.environ.get(f.name.upper()) for f in fields(cls)}
        # The defaults' types are the fields' types.
        kinds = {f.name: type(f.default) for f in fields(cls)}
        return cls(**{name: kinds[name](text) for name, text in given.items() if text})

    def login(self, store: str) -> tuple[str, str]:
        """User and password for a store. Read anew for each connection, so
        that one which appears or changes later is used without a restart."""
        folder = Path(self.credentials, store)
        return (
            (folder / "username").read_text().strip(),
            (folder / "password").read_text().strip(),
        )
