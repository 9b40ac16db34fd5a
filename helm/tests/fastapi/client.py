"""How the tests speak to the app."""

import asyncio
import re

import httpx
from servers import AppServer, until


def get(app: AppServer, path: str, **query: str) -> httpx.Response:
    return httpx.get(app.url + path, params=query, timeout=60)


def foo(app: AppServer, bar: str = "a", baz: str = "b") -> httpx.Response:
    answer = get(app, "/foo", bar=bar, baz=baz)
    assert answer.status_code == 200, answer.text
    return answer


def many(app: AppServer, count: int) -> list[httpx.Response]:
    """All at once, each on a connection of its own; each has to succeed."""

    async def all_at_once():
        limits = httpx.Limits(max_connections=count)
        async with httpx.AsyncClient(limits=limits, timeout=120) as client:
            urls = [f"{app.url}/foo?bar={n}&baz=many" for n in range(count)]
            return await asyncio.gather(*map(client.get, urls))

    answers = asyncio.run(all_at_once())
    assert [a.status_code for a in answers] == [200] * count
    return answers


def metric(app: AppServer, name: str) -> float:
    """The sum over the labels that are not in `name`."""
    pattern = re.escape(name) + r"(?:\{[^}]*\})? (\S+)$"
    return sum(map(float, re.findall("^" + pattern, get(app, "/metrics").text, re.MULTILINE)))


def state(app: AppServer, name: str) -> str:
    return get(app, "/readyz").json()["dependencies"][name]["state"]


def becomes(app: AppServer, name: str, wanted: str, seconds: float = 60) -> None:
    until(f"{name} {wanted}", lambda: state(app, name) == wanted, seconds)


def delivered_all(app: AppServer, seconds: float = 120) -> None:
    until("delivered", lambda: metric(app, "fastapi_audits_waiting") == 0, seconds)


class Audits(dict):
    """The counts as the app gives them; they always have to add up."""

    def __init__(self, app: AppServer) -> None:
        for word in ("queued", "delivered", "dropped"):
            self[word] = int(metric(app, f"fastapi_audits_{word}_total"))
        self["waiting"] = int(metric(app, "fastapi_audits_waiting"))
        full = int(metric(app, 'fastapi_audits_dropped_total{reason="queue-full"}'))
        off = int(metric(app, 'fastapi_audits_dropped_total{reason="off"}'))
        self["made"] = self["queued"] + full + off
        assert self["made"] == self["delivered"] + self["dropped"] + self["waiting"], self
