"""What is known of a server the app uses but does not need."""

import logging
from dataclasses import dataclass
from typing import Literal

log = logging.getLogger("app")


@dataclass
class Dependency:
    """`off` says that none is configured, `away` that it does not answer."""

    name: str
    state: Literal["off", "away", "up"] = "off"
    detail: str = "not configured"

    @property
    def is_up(self) -> bool:
        return self.state == "up"

    @property
    def is_off(self) -> bool:
        return self.state == "off"

    def expected(self) -> None:
        self.state, self.detail = "away", "not reached yet"

    def up(self, detail: str = "") -> None:
        # A line for each change, not for each look.
        if not self.is_up:
            log.info("%s is there", self.name)
        self.state, self.detail = "up", detail

    def away(self, detail: str) -> None:
        if (self.state, self.detail) != ("away", detail):
            log.warning("%s is away: %s", self.name, detail)
        self.state, self.detail = "away", detail
