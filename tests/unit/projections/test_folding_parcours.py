import json
import random
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import parcours as said
from contracts.delays import DelayApproaching, DelayEnded, DelayReached, DelayStarted
from contracts.examples.parcours import DELAY, PARCOURS, PLACEMENT, parcours_event, span
from contracts.parcours import Caution, Gauge, Outcome, Partner, Why
from services.projections.folding.delays import DelayChange
from services.projections.folding.parcours import ParcoursFold, ParcoursRow
from services.projections.wire_parcours import DELAY_KINDS, PARCOURS_KINDS
from tests.unit.projections.given import folded
from tests.unit.projections.parcours_lives import lives
from tests.unit.projections.places import uai

HERE = uai(310001)


def fold(*contracts: type[said.Payload]) -> ParcoursFold:
    return folded(ParcoursFold(), [parcours_event(contract) for contract in contracts])


def test_a_parcours_begun_in_the_batch_is_written_once_as_the_batch_leaves_it() -> None:
    made = fold(
        said.ParcoursProposed,
        said.ParcoursOpened,
        said.ConventionSigned,
        said.ReferentAppointed,
        said.PlacementPlanned,
        said.ReviewHeld,
        said.ParcoursSuspended,
    )
    assert not made.changed
    (row,) = made.begun.values()
    assert (row.state, row.suspended_since) == ("suspended", "2025-11-10")
    assert (row.starts_on, row.ends_on, row.last_day) == ("2025-09-08", "2025-12-31", "2026-01-07")
    assert (row.partners, row.referent_id, row.next_review_on) == (("MISSION_LOCALE",), "cpe-0319001R", "2025-11-06")
    assert (row.placement_days, row.parcours_days, row.most_placement_days) == (28, 115, 76)
    assert json.loads(bytes(row.rule or b""))["id"] == "AE-05"
    assert made.placements == {(str(PARCOURS), str(PLACEMENT)): made.placements[str(PARCOURS), str(PLACEMENT)]}
    assert [entry.kind for entry in made.happened] == [
        "parcours_proposed",
        "parcours_opened",
        "convention_signed",
        "referent_appointed",
        "placement_planned",
        "review_held",
        "parcours_suspended",
    ]


def test_a_parcours_begun_earlier_is_changed_by_no_more_than_the_batch_says() -> None:
    made = fold(said.ReferentAppointed)
    assert not made.begun
    (change,) = made.changed.values()
    known = {name for name in change.__struct_fields__ if getattr(change, name) not in (None, False, ())}
    assert known == {"parcours_id", "changed_at", "referent_id"}


def test_who_was_appointed_while_it_was_proposed_stays_when_it_opens() -> None:
    (row,) = fold(said.ReferentAppointed, said.ParcoursOpened).begun.values()
    assert row.referent_id == "cpe-0319001R"


def test_a_partner_is_named_once() -> None:
    signed = parcours_event(said.ConventionSigned)
    other = parcours_event(said.ConventionSigned, partner=Partner.E2C)
    (change,) = folded(ParcoursFold(), [signed, other, signed]).changed.values()
    assert change.partners == ("MISSION_LOCALE", "E2C")


def test_a_review_that_leaves_none_to_hold_is_told_from_no_review() -> None:
    none_left = parcours_event(said.ReviewHeld, next_review_on=None)
    (held,) = folded(ParcoursFold(), [none_left]).changed.values()
    (not_held,) = fold(said.ParcoursSuspended).changed.values()
    assert (held.reviewed, held.next_review_on) == (True, None)
    assert not not_held.reviewed


@pytest.mark.parametrize(
    ("contract", "state"),
    [
        (said.ParcoursRefused, "refused"),
        (said.ParcoursSuspended, "suspended"),
        (said.ParcoursResumed, "open"),
        (said.StatusExpired, "expired"),
        (said.ParcoursClosed, "closed"),
        (said.ParcoursExtended, None),
        (said.StatusExpiring, None),
        (said.OutcomeMissing, None),
        (said.ReviewOverdue, None),
    ],
)
def test_the_state_follows_what_happens(contract: type[said.Payload], state: str | None) -> None:
    (change,) = fold(contract).changed.values()
    assert change.state == state


def test_an_extension_brings_its_end_its_gauge_and_its_cautions() -> None:
    (row,) = fold(said.ParcoursOpened, said.ParcoursExtended).begun.values()
    assert (row.ends_on, row.parcours_days, row.most_placement_days) == ("2026-01-07", 122, 81)
    assert row.cautions == (Caution.ENDS_AFTER_DECEMBER,)


def test_a_cancelled_placement_is_gone_and_its_gauge_with_it() -> None:
    made = fold(said.ParcoursOpened, said.PlacementPlanned, said.PlacementCancelled)
    assert list(made.placements.values()) == [None]
    (row,) = made.begun.values()
    assert row.placement_days == 0


def test_an_entry_says_who_why_and_what_and_nothing_of_the_alert() -> None:
    opened = parcours_event(said.ParcoursOpened, why=Why.GPDS_DECIDED)
    expired = parcours_event(said.StatusExpired)
    moved = parcours_event(said.PlacementChanged, period=span("2025-10-01", "2025-10-02"))
    first, second, third = folded(ParcoursFold(), [opened, expired, moved]).happened
    assert (first.by, first.why, first.command_id) == ("mlds-31-1", "GPDS_DECIDED", str(opened.data.command_id))
    assert (second.by, second.why, second.command_id) == (None, None, None)
    detail = json.loads(first.detail)
    assert detail.keys().isdisjoint({"alert_id", "gpds_on", "student_id", "by"})
    assert (detail["ends_on"], detail["gauge"]["most"]) == ("2025-12-31", 76)
    assert json.loads(second.detail)["ends_on"] == "2025-12-31"
    assert json.loads(third.detail)["period"] == {"first": "2025-10-01", "last": "2025-10-02"}


def test_a_scheme_without_a_share_has_no_most() -> None:
    opened = parcours_event(said.ParcoursOpened, gauge=Gauge(placement_days=0, parcours_days=200))
    (row,) = folded(ParcoursFold(), [opened]).begun.values()
    assert (row.parcours_days, row.most_placement_days) == (200, None)


def test_a_closed_parcours_says_what_became_of_the_pupil() -> None:
    closed = parcours_event(said.ParcoursClosed, outcome=Outcome.JOB, closed_on=date(2025, 12, 1))
    (row,) = folded(ParcoursFold(), [parcours_event(said.ParcoursOpened), closed]).begun.values()
    assert (row.outcome, row.closed_on) == ("JOB", "2025-12-01")


def test_a_delay_started_in_the_batch_is_written_whole_and_another_by_what_changes() -> None:
    whole = fold(DelayStarted, DelayApproaching, DelayReached, DelayEnded).delays
    row = whole.started[str(DELAY)]
    assert (row.state, row.done, row.started_by, row.ended_by) == ("ended", True, "mlds-31-1", "mlds-31-1")
    assert [entry.kind for entry in whole.happened] == [
        "delay_started",
        "delay_approaching",
        "delay_reached",
        "delay_ended",
    ]
    assert fold(DelayReached).delays.changed == {
        str(DELAY): DelayChange(str(DELAY), "2025-10-10T08:05:00Z", state="reached")
    }


@given(st.integers(min_value=0, max_value=2**32))
def test_whatever_happens_each_parcours_is_in_one_place_and_everything_is_in_a_timeline(seed: int) -> None:
    told = list(lives(random.Random(seed), HERE, many=3))
    made = ParcoursFold()
    cut = seed % (len(told) + 1)
    for part in (told[:cut], told[cut:]):
        made = folded(ParcoursFold(), part)
        assert made.begun.keys().isdisjoint(made.changed)
        assert len(made.happened) + len(made.delays.happened) == len(part)
        for row in made.begun.values():
            assert isinstance(row, ParcoursRow)
            assert row.state
            assert (row.suspended_since is not None) == (row.state == "suspended")
            assert datetime.fromisoformat(row.began_at).tzinfo is UTC


def test_every_fact_has_a_name_of_its_own_in_a_timeline() -> None:
    names = [*PARCOURS_KINDS.values(), *DELAY_KINDS.values()]
    assert len(set(names)) == len(names) == 21
