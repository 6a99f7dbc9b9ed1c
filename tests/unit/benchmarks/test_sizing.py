"""What is computed from what was measured, on figures made up so that the answers are easy."""

import json
from dataclasses import asdict

import pytest

from benchmarks import markdown
from benchmarks.scaling import __main__ as scaling
from benchmarks.sizing import __main__ as sizing
from benchmarks.sizing import deployed, paper
from benchmarks.sizing.paper import ACADEMIES, FRANCE, Figures
from benchmarks.sizing.rates import Connections, Rates
from benchmarks.sizing.year import Held, Peaks, Year
from contracts.catalogue import SERVICES, STREAMS


@pytest.fixture
def figures() -> Figures:
    year = Year(
        pupils=10,
        events=300,
        streams={spec.name: Held(100, 50_000) for spec in STREAMS},
        schemas={name: Held(100, 100_000) for name in SERVICES},
        logs={"intake": 300, "alerts": 600, "parcours": 0, "notifications": 0},
        alerts=10,
        mails=20,
    )
    one_each = dict.fromkeys(SERVICES, 5)
    rates = Rates(door=1000, pipeline=2000, append={1: 3000, 4: 5000}, publish=9000, rebuild=4000)
    machine = {"cores": 2, "load": 0.1}
    return Figures(year, Peaks(1.0, 0.3, 0.072), rates, Connections(one_each, one_each), 100_000, machine)


def test_a_morning_is_spread_over_two_hours(figures: Figures) -> None:
    limits = {limit.what: limit for limit in paper.limits(figures)}
    morning = limits["busiest morning: intake"]
    assert morning.academie == pytest.approx(1.0)
    assert morning.academies == pytest.approx(1000)
    assert limits["busiest morning: lock of the alerts log"].academie == pytest.approx(2.0), "two events for each fact"


def test_what_ends_first_comes_first(figures: Figures) -> None:
    fits = [limit.academies for limit in paper.limits(figures)]
    assert fits == sorted(fits)


def test_the_tables_are_whole(figures: Figures) -> None:
    text = paper.tables(figures)
    for title in ("Measured: the year of one pupil", "Computed: what ends first"):
        assert f"### {title}" in text
    assert f"{FRANCE:,}" in text
    assert f"{round(FRANCE / ACADEMIES):,}" in text


def test_the_manifests_still_say_what_an_academie_is_given() -> None:
    given = deployed.read()
    assert set(given.replicas) == set(SERVICES)
    assert max(given.replicas.values()) <= 16, "more than the partitions would wait"
    assert given.nats < 100 * 2**30, "JetStream stops at what it is told, before its volume ends"


def test_connections_are_counted_with_every_pool_full(figures: Figures) -> None:
    limits = {limit.what: limit for limit in paper.limits(figures)}
    found = limits["connections: most replicas, a rollout, pools full"]
    given = deployed.read()
    assert found.academie > sum((given.replicas[name] + given.surge) * 4 for name in SERVICES), "a pool is four"
    assert found.has > found.academie


def test_figures_written_earlier_give_the_same_tables(figures: Figures) -> None:
    again = paper.of_json(json.loads(json.dumps(asdict(figures))))
    assert paper.tables(again) == paper.tables(figures)


@pytest.mark.parametrize("command", [sizing.COMMAND, scaling.COMMAND])
def test_the_paper_has_a_place_for_the_tables(command: str) -> None:
    text = markdown.SCALE.read_text()
    begin, end = markdown.markers(command)
    assert text.count(begin) == text.count(end) == 1
    assert text.index(begin) < text.index(end)
