"""What `make scale` walks services under, and that figures written earlier give the same tables."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from benchmarks.scaling import slowed_commands
from benchmarks.scaling.inhabited import draw_load
from benchmarks.scaling.report import Report
from benchmarks.scaling.throughput import Moves, Speed
from benchmarks.scaling.walk import FEED_PER_S, Outcome, Step, Walk
from services.parcours.application import ParcoursService
from tests.oracle import standing_alerts

_FIRST_S = 30


def test_there_is_something_to_act_on_from_the_first_seconds_on() -> None:
    load = draw_load(seed=1)
    standing = standing_alerts(said.fact for said in load.sent[: _FIRST_S * FEED_PER_S])
    assert len(standing) > 20
    assert {said.uai for said in load.sent[: _FIRST_S * FEED_PER_S]} == set(load.schools), "every coordinator has some"
    twice = Counter(said.fact.id for said in load.sent[: _FIRST_S * FEED_PER_S])
    assert max(twice.values()) > 1, "schools repeat themselves"


def test_figures_written_earlier_give_the_same_tables() -> None:
    report = Report(1, {"cores": 2})
    report.commands = [Speed(1, [], 60, 3.0), Speed(2, [], 120, 3.0)]
    report.moves = Moves([1.0], [2.0], [9.0], {"join": 0.1, "leave": 0.2, "kill": 9.0})
    report.outcome = Outcome([Walk("parcours", [Step(1, 0.1, 16, 16)], 4, 2, 1, 1)], 6000, 250, 3, 120)
    text = report.markdown()
    assert "people did 250 acts on parcours (3 times told to come again)" in text
    assert "| 2 | 40 | x 2.00 |" in text
    assert Report.of_json(json.loads(json.dumps(report.to_json()))).markdown() == text


def test_a_slowed_command_waits_before_it_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setenv("BEFORE_MS", "250")
    monkeypatch.setattr(slowed_commands.time, "sleep", seen.append)
    monkeypatch.setattr(ParcoursService, "_obey", lambda *_: seen.append("decided"))
    service = slowed_commands.Slowed(Mock(), Mock(), Mock())
    service._obey(Mock(), Mock(), datetime.now(UTC))
    assert seen == [0.25, "decided"]
