"""What a synthetic year sends: the same for the same seed, possible facts only, and the mishaps asked for."""

import hashlib
from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.simulator.academy import Academy, build, shares
from cli.simulator.calendar import teaching_days, teaching_half_days
from cli.simulator.events import SimEvent, batch
from cli.simulator.traffic import SimDay, school_year
from contracts.catalogue import INCOMING
from contracts.directory import Actor
from contracts.identifiers import check_ine, check_uai

INCOMING_BY_TYPE = {contract.TYPE: contract for contract in INCOMING}


def digest(academy: Academy) -> str:
    found = hashlib.sha256()
    for day in school_year(academy):
        for uai in sorted(day.by_school):
            found.update(batch(day.by_school[uai]))
    return found.hexdigest()


def year(seed: int = 1, schools: int = 6, students: int = 150) -> tuple[Academy, list[SimDay]]:
    academy = build(schools, students, seed)
    return academy, list(school_year(academy))


@given(
    seed=st.integers(0, 2**32),
    schools=st.integers(1, 40),
    students=st.integers(1, 80),
)
@settings(max_examples=15, deadline=None)
def test_the_same_seed_sends_the_same_bytes(seed: int, schools: int, students: int) -> None:
    assert digest(build(schools, students, seed)) == digest(build(schools, students, seed))


def test_another_seed_sends_others() -> None:
    assert digest(build(3, 30, 1)) != digest(build(3, 30, 2))


@given(
    total=st.integers(0, 10_000),
    weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=30),
)
def test_shares_add_up_and_stay_within_one_of_exact(total: int, weights: list[float]) -> None:
    parts = shares(total, weights)
    assert sum(parts) == total
    assert all(abs(part - total * w / sum(weights)) < 1 + 1e-6 for part, w in zip(parts, weights, strict=True))


@given(seed=st.integers(0, 1000), schools=st.integers(1, 60), students=st.integers(1, 300))
@settings(max_examples=25, deadline=None)
def test_an_academie_has_the_numbers_asked_for_and_valid_identifiers(seed: int, schools: int, students: int) -> None:
    academy = build(schools, students, seed)
    pupils = [pupil for roll in academy.pupils.values() for pupil in roll]
    assert len({check_uai(school.uai) for school in academy.schools}) == schools
    assert len({check_ine(pupil.ine) for pupil in pupils}) == len(pupils) == students
    for actor in academy.actors:
        Actor(id=actor.id, name=actor.name, email=actor.email, role=actor.role, territory=actor.territory)
        assert actor.email.endswith("@example.org")


def test_every_school_has_a_head_and_a_cpe_and_every_network_a_coordinator() -> None:
    academy = build(30, 3000, 1)
    roles = {(actor.role.value, actor.territory) for actor in academy.actors}
    for school in academy.schools:
        assert {
            ("CHEF_ETAB", school.uai),
            ("CPE", school.uai),
            ("COORD_MLDS", school.network),
            ("DASEN", school.department),
        } <= roles


def test_good_events_are_what_the_contract_says() -> None:
    _, days = year()
    for day in days:
        for events in day.by_school.values():
            for event in events:
                if not event.flaw:
                    INCOMING_BY_TYPE[event.type].model_validate(event.data, strict=False)


def test_absences_fall_on_half_days_of_class_and_nothing_comes_before_it_happened() -> None:
    _, days = year()
    open_half_days = {(half_day.date, half_day.period) for half_day in teaching_half_days("2025-2026")}
    for day in days:
        for events in day.by_school.values():
            for event in events:
                if event.flaw:
                    continue
                assert event.time <= day.closes
                if "period" in event.data:
                    assert (event.data["date"], event.data["period"]) in open_half_days
                    assert event.data["date"] <= day.date


def test_ids_say_nothing_about_the_pupil_and_only_a_repeat_shares_one() -> None:
    _, days = year()
    seen: dict[str, SimEvent] = {}
    for day in days:
        for events in day.by_school.values():
            for event in events:
                assert event.data["ine"] not in event.id
                assert seen.setdefault(event.id, event) is event


def test_the_year_holds_every_kind_of_trouble() -> None:
    _, days = year(schools=10, students=1500)
    events = [event for day in days for sent in day.by_school.values() for event in sent]
    kinds = Counter(event.type.split(".")[3] for event in events)
    sent = Counter(event.id for event in events)
    late = sum(
        1
        for day in days
        for batch_ in day.by_school.values()
        for e in batch_
        if e.data.get("date", day.date) < day.date
    )
    flaws = {event.flaw for event in events} - {""}
    assert {"absence_justified", "absence_cancelled", "student_left"} <= set(kinds)
    assert 0.005 < sum(n - 1 for n in sent.values()) / len(events) < 0.02
    assert late > len(events) * 0.02
    assert len(flaws) >= 10


def test_justifications_come_late_enough_to_lift_alerts() -> None:
    _, days = year(schools=10, students=1500)
    delays = [
        (day.date - event.data["date"]).days
        for day in days
        for events in day.by_school.values()
        for event in events
        if event.type.endswith("absence_justified.v1")
    ]
    assert max(delays) > 20
    assert min(delays) >= 0


@pytest.mark.parametrize("year_name", ["2023-2024", "2024-2025", "2025-2026", "2026-2027"])
def test_a_school_year_has_about_36_weeks_without_week_ends(year_name: str) -> None:
    days = teaching_days(year_name)
    assert 170 <= len(days) <= 180
    assert all(day.weekday() < 5 for day in days)


def test_days_without_class_of_2025_2026_in_zone_c() -> None:
    days = set(teaching_days("2025-2026"))
    for closed in (
        date(2025, 10, 20), date(2025, 11, 11), date(2025, 12, 22), date(2026, 2, 23), date(2026, 4, 6),
        date(2026, 4, 20), date(2026, 5, 8), date(2026, 5, 14), date(2026, 5, 15), date(2026, 5, 25),
    ):  # fmt: skip
        assert closed not in days
    assert min(days) == date(2025, 9, 1)
    assert max(days) == date(2026, 7, 3)
