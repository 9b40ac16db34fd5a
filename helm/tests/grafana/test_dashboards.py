"""The dashboards and Grafana's own library: what it does not read, Grafana has no use for."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

FOLDER = Path(__file__).resolve().parents[2] / "charts/grafana/files/dashboards"
DASHBOARDS = {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

register_default_plugins()


def lost(written: object, read: object, place: str = "") -> Iterator[str]:
    """Where what is written differs from what was read of it."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            if key in read:
                yield from lost(value, read[key], f"{place}/{key}")
            else:
                yield f"{place}/{key}"
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, pair in enumerate(zip(written, read, strict=True)):
            yield from lost(*pair, f"{place}/{number}")
    elif written != read:
        yield f"{place}: {written!r} is {read!r}"


def read(written: dict) -> dict:
    return json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(written)))


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_key_of_a_dashboard_is_one_of_grafanas(name):
    assert list(lost(DASHBOARDS[name], read(DASHBOARDS[name]))) == []


def test_every_dashboard_is_looked_at():
    assert list(DASHBOARDS) == ["nodes.json", "pis.json", "stack.json"]


def test_a_mistyped_key_is_found_wherever_it_stands():
    wrong = copy.deepcopy(DASHBOARDS["stack.json"])
    panel = next(panel for panel in wrong["panels"] if panel["type"] == "timeseries")
    panel["optoins"] = panel.pop("options")
    panel["fieldConfig"]["defaults"]["custom"]["lineWith"] = 2
    wrong["tiemzone"] = "browser"
    found = {place.rpartition("/")[2] for place in lost(wrong, read(wrong))}
    assert found == {"optoins", "lineWith", "tiemzone"}
