"""Parcours and delays become rows in whatever batches they come, and are read as people ask for them."""

import random
from datetime import date, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts import parcours as said
from contracts.delays import DelayApproaching, DelayEnded, DelayReached, DelayStarted
from contracts.envelope import Envelope
from contracts.examples import pupil_identified, student_enrolled, student_erased
from contracts.examples.common import ALERT, COMMAND, NOW, STUDENT, UAI
from contracts.examples.parcours import DELAY, PARCOURS, PLACEMENT, parcours_event
from contracts.parcours import ParcoursState, Scheme
from services.projections.reading import delays, parcours
from services.projections.reading.filters import DelayFilters, ParcoursFilters
from tests.real.projections.house import ELSEWHERE, HERE, ReadModels, scope
from tests.unit.projections.parcours_lives import lives

TABLES = ("parcours", "parcours_timeline", "placements", "delays", "delay_timeline")
WHOLE_LIFE = (
    said.ParcoursProposed,
    said.ParcoursOpened,
    said.ConventionSigned,
    said.ReferentAppointed,
    said.PlacementPlanned,
    said.PlacementChanged,
    said.ReviewHeld,
    said.ParcoursSuspended,
    said.ParcoursResumed,
    said.ParcoursExtended,
    said.StatusExpiring,
    said.StatusExpired,
    said.OutcomeMissing,
    said.ParcoursClosed,
)


def told(*contracts: type[said.Payload], **differently: Any) -> list[Envelope[Any]]:
    """These facts, a minute apart."""
    return [
        parcours_event(contract, {"time": NOW + timedelta(minutes=minute)}, **differently)
        for minute, contract in enumerate(contracts)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_size_of_batches_makes_no_difference_and_neither_do_replays(models: ReadModels, seed: int) -> None:
    dice = random.Random(seed)
    everything = list(lives(dice, HERE))
    models.handle(everything)
    whole = models.content(*TABLES)
    assert (len(whole["parcours"]), len(whole["delays"])) == (12, 12)
    models.empty()
    models.handle_in_pieces(everything, dice)
    assert models.content(*TABLES) == whole
    # A stream that was rebuilt is read again from its beginning.
    models.handle_in_pieces(everything, dice)
    assert models.content(*TABLES) == whole


def test_a_whole_life_is_on_one_row_and_in_one_timeline(models: ReadModels) -> None:
    for fact in told(*WHOLE_LIFE):
        models.handle([fact])
    models.handle([pupil_identified(uai=UAI)])
    with models.readings.of_parcours(scope(UAI)) as reading:
        row = parcours.one(reading, PARCOURS)
        assert row
        assert (row["state"], row["outcome"], row["closed_on"]) == ("closed", "APPRENTICESHIP", date(2025, 12, 12))
        assert (row["starts_on"], row["ends_on"]) == (date(2025, 9, 8), date(2026, 1, 7))
        assert (row["partners"], row["cautions"]) == (["MISSION_LOCALE"], ["ENDS_AFTER_DECEMBER"])
        assert (row["proposed_at"], row["opened_at"]) == (NOW, NOW + timedelta(minutes=1))
        assert (row["alert_id"], row["referent_id"], row["suspended_since"]) == (ALERT, "cpe-0319001R", None)
        assert (row["ine"], row["class_name"]) == ("990000001AB", "1MELEC2")
        assert row["rule"]["id"] == "AE-05"
        entries = parcours.timeline(reading, PARCOURS)
        assert [entry["kind"] for entry in entries] == [contract.FACT for contract in WHOLE_LIFE]
        assert entries[1]["detail"]["gauge"] == {"placement_days": 0, "parcours_days": 115, "most": 76}
        (period,) = parcours.placements(reading, PARCOURS)
        assert period == {"placement_id": PLACEMENT, "first": date(2025, 10, 13), "last": date(2025, 11, 9)}
        assert parcours.shows(reading, PARCOURS, COMMAND)
        assert not parcours.shows(reading, PARCOURS, uuid4())
        assert not parcours.shows(reading, DELAY, COMMAND)
        assert parcours.of_pupil(reading, STUDENT) == parcours.of_alert(reading, ALERT) == [row]


def test_a_suspension_ends_with_whatever_follows_it(models: ReadModels) -> None:
    models.handle(told(said.ParcoursOpened))
    models.handle(told(said.ParcoursSuspended))
    assert suspended_since(models) == date(2025, 11, 10)
    models.handle(told(said.StatusExpiring))
    assert suspended_since(models) == date(2025, 11, 10)
    models.handle(told(said.StatusExpired))
    assert suspended_since(models) is None


def suspended_since(models: ReadModels) -> date | None:
    with models.readings.of_parcours(scope(UAI)) as reading:
        row = parcours.one(reading, PARCOURS)
        assert row
        found: date | None = row["suspended_since"]
        return found


def test_a_delay_is_on_one_row_and_in_one_timeline(models: ReadModels) -> None:
    life = (DelayStarted, DelayApproaching, DelayReached, DelayEnded)
    for fact in told(*life):
        models.handle([fact])
    with models.readings.of_parcours(scope(UAI)) as reading:
        row = delays.one(reading, DELAY)
        assert row
        assert (row["state"], row["done"], row["ended_by"]) == ("ended", True, "mlds-31-1")
        assert (row["since"], row["until"], row["rule"]["id"]) == (date(2026, 1, 31), date(2026, 3, 31), "OF-08")
        assert [entry["kind"] for entry in delays.timeline(reading, DELAY)] == [each.FACT for each in life]
        assert delays.shows(reading, DELAY, COMMAND)
        assert delays.of_pupil(reading, STUDENT) == delays.page(reading, DelayFilters(), 10) == [row]
        assert delays.count(reading, DelayFilters(states=("running",))) == 0
        assert delays.count(reading, DelayFilters(states=("ended",), kind="OF_SUMMONS")) == 1
        assert delays.table(reading, DelayFilters(until_by=date(2026, 3, 30)), "fin", 10) == []


@pytest.fixture
def several(models: ReadModels) -> dict[str, UUID]:
    """Four parcours, named by their pupil; the latest begun is the last."""
    students = {name: uuid4() for name in ("Zoé", "Éloïse", "Anaïs", "Iris")}
    ends = {"Zoé": date(2025, 12, 20), "Éloïse": date(2025, 12, 1), "Anaïs": date(2025, 12, 31), "Iris": None}
    for number, (name, student) in enumerate(students.items()):
        where = ELSEWHERE if name == "Iris" else HERE
        about: dict[str, Any] = {"parcours_id": student, "student_id": student, "uai": where}
        at: Any = {"time": NOW + timedelta(hours=number)}
        last = ends[name]
        if last:
            scheme = Scheme.TDO if name == "Zoé" else Scheme.AMBITION_EMPLOI
            models.handle([parcours_event(said.ParcoursOpened, at, **about, ends_on=last, scheme=scheme)])
        else:
            models.handle([parcours_event(said.ParcoursProposed, at, **about)])
        models.handle(
            [pupil_identified(student_id=student, ine=f"99000080{number}AB", first_name=name, last_name="X", uai=where)]
        )
        models.handle([student_enrolled(student_id=student, uai=where)])
    models.handle([parcours_event(said.ParcoursSuspended, parcours_id=students["Anaïs"], student_id=students["Anaïs"])])
    return students


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("fin", ["Éloïse", "Zoé", "Anaïs", "Iris"]),
        ("recents", ["Iris", "Anaïs", "Éloïse", "Zoé"]),
        ("eleve", ["Anaïs", "Éloïse", "Iris", "Zoé"]),
        ("etablissement", ["Anaïs", "Éloïse", "Zoé", "Iris"]),
    ],
)
def test_lists_come_in_the_order_asked_for(
    models: ReadModels, several: dict[str, UUID], sort: str, names: list[str]
) -> None:
    with models.readings.of_parcours(scope(HERE, ELSEWHERE)) as reading:
        rows = parcours.table(reading, ParcoursFilters(), sort, 10)
        assert [row["first_name"] for row in rows] == names
        assert parcours.table(reading, ParcoursFilters(), sort, 2, skip=1) == rows[1:3]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (ParcoursFilters(), {"Zoé", "Éloïse", "Anaïs"}),
        (ParcoursFilters(states=(ParcoursState.SUSPENDED,)), {"Anaïs"}),
        (ParcoursFilters(states=parcours.RUNNING, ends_by=date(2025, 12, 20)), {"Zoé", "Éloïse"}),
        (ParcoursFilters(scheme=Scheme.TDO), {"Zoé"}),
        (ParcoursFilters(uai=ELSEWHERE), set()),
        (ParcoursFilters(search="eloise"), {"Éloïse"}),
        (ParcoursFilters(search="990000800AB"), {"Zoé"}),
    ],
)
def test_filters_narrow(
    models: ReadModels, several: dict[str, UUID], filters: ParcoursFilters, names: set[str]
) -> None:
    with models.readings.of_parcours(scope(HERE)) as reading:
        assert {row["first_name"] for row in parcours.table(reading, filters, "fin", 10)} == names
        assert {row["first_name"] for row in parcours.page(reading, filters, 10)} == names
        assert parcours.count(reading, filters) == len(names)


def test_pages_follow_one_another(models: ReadModels, several: dict[str, UUID]) -> None:
    seen: list[str] = []
    after = None
    with models.readings.of_parcours(scope(HERE, ELSEWHERE)) as reading:
        while rows := parcours.page(reading, ParcoursFilters(), 1, after):
            seen += [row["first_name"] for row in rows]
            after = parcours.Place(rows[-1]["began_at"], rows[-1]["parcours_id"])
    assert seen == ["Iris", "Anaïs", "Éloïse", "Zoé"]


def test_figures_tell_what_ends_soon_and_what_is_to_be_looked_at(models: ReadModels, several: dict[str, UUID]) -> None:
    with models.readings.of_parcours(scope(HERE)) as reading:
        figures = parcours.counts_by_state(reading, date(2025, 11, 25))
    assert {state: many for state, many in figures.by_state.items() if many} == {"open": 2, "suspended": 1}
    assert set(figures.by_state) == set(ParcoursState)
    assert (figures.ending, figures.to_review) == (2, 2)


def test_an_erased_pupil_is_gone_whatever_was_read_first(models: ReadModels) -> None:
    batches = [
        told(*WHOLE_LIFE),
        told(DelayStarted, DelayEnded),
        [pupil_identified()],
        [student_erased()],
    ]
    for order in permutations(batches):
        models.empty()
        for batch in order:
            models.handle(batch)
        assert not any(models.content(*TABLES, "identities").values())


def test_others_keep_what_is_theirs_when_a_pupil_is_erased(models: ReadModels) -> None:
    other = {"student_id": uuid4(), "parcours_id": uuid4(), "uai": HERE}
    models.handle([*told(said.ParcoursOpened, said.PlacementPlanned)])
    models.handle([*told(said.ParcoursOpened, said.PlacementPlanned, **other)])
    models.handle([student_erased()])
    content = models.content(*TABLES)
    assert [row[0] for row in content["parcours"]] == [other["parcours_id"]]
    assert {row[0] for row in content["parcours_timeline"]} == {other["parcours_id"]}
    assert {row[0] for row in content["placements"]} == {other["parcours_id"]}
