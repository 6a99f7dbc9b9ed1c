"""The life of a parcours: given it is open, when somebody acts, then this is recorded or this is refused."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from contracts import parcours_commands as asked
from contracts.catalogue import COMMANDS
from contracts.parcours import Outcome, ParcoursState, Partner, Scheme
from services.parcours import events
from services.parcours.acts import ACTS
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.events import Gauge
from services.parcours.refusals import Refused
from tests.unit.parcours.given import (
    AT_RISK,
    PARCOURS,
    REGULATION,
    act,
    day,
    kinds,
    of,
    on,
    open_parcours,
    refusal_of,
    ring_until,
)

ONE, TWO = UUID(int=1), UUID(int=2)
Ask = Callable[[Parcours], ParcoursState]


def plan(first: str, last: str, key: UUID = ONE) -> Ask:
    return lambda parcours: parcours.plan(key, (day(first), day(last)), REGULATION, act(on("01/10/2025")))


def change(first: str, last: str, key: UUID = ONE) -> Ask:
    return lambda parcours: parcours.change(key, (day(first), day(last)), REGULATION, act(on("01/10/2025")))


def cancel(key: UUID = ONE) -> Ask:
    return lambda parcours: parcours.cancel(key, REGULATION, act(on("01/10/2025")))


def sign(signed: str, since: str, now: str = "01/10/2025") -> Ask:
    return lambda parcours: parcours.sign_convention(Partner.E2C, day(signed), day(since), REGULATION, act(on(now)))


def suspend(since: str) -> Ask:
    return lambda parcours: parcours.suspend(day(since), act(on("01/10/2025")))


def resume(since: str) -> Ask:
    return lambda parcours: parcours.resume(day(since), act(on("01/10/2025")))


def extend(ends: str) -> Ask:
    return lambda parcours: parcours.extend(day(ends), REGULATION, act(on("01/10/2025")))


def close(closed: str, now: str = "01/10/2025") -> Ask:
    return lambda parcours: parcours.close(Outcome.JOB, day(closed), act(on(now)))


def review(held: str, now: str = "01/12/2025") -> Ask:
    return lambda parcours: parcours.hold_review(day(held), REGULATION, act(on(now)))


def ninety_days() -> Parcours:
    """From 1 September to 29 November 2025."""
    return open_parcours("01/09/2025", "29/11/2025")


@pytest.mark.parametrize(
    ("asks", "expected"),
    [
        # T9: of 90 days, 60 in placement are allowed and 61 are not (AE-06, AMB-5)
        ([plan("01/09/2025", "30/10/2025")], "open"),
        ([plan("01/09/2025", "31/10/2025")], "too_much_placement"),
        ([plan("01/09/2025", "30/09/2025"), plan("01/10/2025", "30/10/2025", TWO)], "open"),
        ([plan("01/09/2025", "30/09/2025"), plan("01/10/2025", "31/10/2025", TWO)], "too_much_placement"),
        ([plan("01/09/2025", "30/10/2025"), change("02/09/2025", "31/10/2025")], "open"),
        ([plan("01/09/2025", "30/10/2025"), change("01/09/2025", "31/10/2025")], "too_much_placement"),
        ([plan("01/09/2025", "30/10/2025"), cancel(), plan("30/09/2025", "28/11/2025", TWO)], "open"),
        # a longer parcours holds more of it
        ([extend("31/12/2025"), plan("01/09/2025", "31/10/2025")], "open"),
        # within the parcours, one at a time
        ([plan("31/08/2025", "10/09/2025")], "placement_outside"),
        ([plan("20/11/2025", "30/11/2025")], "placement_outside"),
        ([plan("10/09/2025", "09/09/2025")], "placement_end_before_start"),
        ([plan("01/09/2025", "10/09/2025"), plan("10/09/2025", "20/09/2025", TWO)], "placement_overlaps"),
        ([change("01/09/2025", "10/09/2025")], "unknown_placement"),
        ([cancel()], "unknown_placement"),
        ([suspend("15/09/2025"), resume("30/09/2025"), plan("20/09/2025", "10/10/2025")], "placement_in_pause"),
        ([suspend("15/09/2025"), resume("30/09/2025"), plan("30/09/2025", "10/10/2025")], "open"),
        # extensions: later, and within four months
        ([extend("31/12/2025")], "open"),
        ([extend("01/01/2026")], "too_long"),
        ([extend("29/11/2025")], "not_later"),
        ([suspend("15/09/2025"), extend("31/12/2025")], "suspended"),
        # suspensions
        ([suspend("15/09/2025"), suspend("16/09/2025")], "parcours_suspended"),
        ([suspend("31/08/2025")], "suspension_outside"),
        ([suspend("30/11/2025")], "suspension_outside"),
        ([suspend("15/09/2025"), resume("15/09/2025")], "resumption_outside"),
        ([suspend("15/09/2025"), resume("01/12/2025")], "resumption_outside"),
        ([suspend("15/09/2025"), resume("20/09/2025"), suspend("19/09/2025")], "suspension_outside"),
        ([suspend("15/09/2025"), resume("20/09/2025"), suspend("20/09/2025")], "suspended"),
        ([resume("20/09/2025")], "already_open"),
        # conventions
        ([sign("01/09/2025", "08/09/2025")], "open"),
        ([sign("02/10/2025", "08/10/2025")], "date_to_come"),
        ([sign("01/10/2023", "08/09/2025")], "open"),
        ([sign("30/09/2023", "08/09/2025")], "signing_unlikely"),
        ([sign("08/09/0025", "08/09/2025")], "signing_unlikely"),
        ([sign("15/09/2025", "14/09/2025")], "convention_outside"),
        ([sign("15/09/2025", "30/11/2025")], "convention_outside"),
        # reviews
        ([review("30/09/2025")], "open"),
        ([review("02/12/2025")], "date_to_come"),
        ([review("30/11/2025")], "review_outside"),
        ([review("31/08/2025")], "review_outside"),
        # closing
        ([close("30/09/2025")], "closed"),
        ([close("02/10/2025")], "date_to_come"),
        ([close("01/09/2025")], "closed"),
        ([close("31/08/2025")], "closing_before_start"),
        ([close("30/09/2024")], "closing_before_start"),  # the year is wrong
        ([suspend("15/09/2025"), close("31/08/2025")], "closing_before_start"),
        ([suspend("15/09/2025"), close("30/09/2025")], "closed"),
        ([close("30/09/2025"), close("30/09/2025")], "parcours_closed"),
        ([close("30/09/2025"), extend("31/12/2025")], "parcours_closed"),
        ([close("30/09/2025"), plan("01/09/2025", "10/09/2025")], "parcours_closed"),
        ([close("30/09/2025"), sign("01/09/2025", "08/09/2025")], "parcours_closed"),
    ],
)
def test_what_is_asked_of_a_parcours_of_ninety_days(asks: list[Ask], expected: str) -> None:
    parcours = ninety_days()
    *before, last = asks
    for ask in before:
        ask(parcours)
    recorded = len(parcours.pending)
    answer = refusal_of(lambda: last(parcours))
    assert answer == expected
    assert (len(parcours.pending) > recorded) == (expected in ("open", "suspended", "closed"))


def test_the_refusal_of_too_much_placement_says_the_rule_and_what_would_do() -> None:
    with pytest.raises(Refused) as refused:
        plan("01/09/2025", "31/10/2025")(ninety_days())
    assert refused.value.basis
    assert refused.value.basis.rule == "AE-06"
    assert "article 3" in refused.value.basis.source
    assert "60 jours au plus" in refused.value.remedy


def test_every_event_that_changes_the_gauge_carries_it() -> None:
    parcours = ninety_days()
    for ask in (
        plan("01/09/2025", "30/09/2025"),
        change("01/09/2025", "20/09/2025"),
        extend("31/12/2025"),
        cancel(),
    ):
        ask(parcours)
    gauges = [getattr(event, "gauge", None) for event in parcours.pending]
    assert gauges == [Gauge(30, 90, 60), Gauge(20, 90, 60), Gauge(20, 122, 81), Gauge(0, 122, 81)]


def test_tdo_and_pafi_set_no_share_of_placement() -> None:
    parcours = open_parcours("06/10/2025", "19/12/2025", Scheme.TDO)
    assert plan("06/10/2025", "19/12/2025")(parcours) is ParcoursState.OPEN
    assert parcours.pending[-1].gauge == Gauge(75, 75, None)  # type: ignore[attr-defined]


def test_a_proposal_is_opened_or_turned_down() -> None:
    proposed = Parcours(PARCOURS)
    assert proposed.propose(of(Scheme.TDO), REGULATION, act()) is ParcoursState.PROPOSED
    assert refusal_of(lambda: extend("31/12/2025")(proposed)) == "not_open"
    assert proposed.turn_down(act()) is ParcoursState.REFUSED
    assert refusal_of(lambda: proposed.turn_down(act())) == "proposal_turned_down"
    assert kinds(proposed.pending) == ["Proposed", "TurnedDown"]


def test_a_proposal_is_opened_for_the_alert_it_was_made_after() -> None:
    proposed, alert = Parcours(PARCOURS), UUID(int=5)
    proposed.propose(of(Scheme.TDO), REGULATION, act(), alert)
    proposed.open(
        of(Scheme.TDO),
        Opening(Scheme.TDO, day("06/10/2025"), day("19/12/2025"), AT_RISK),
        REGULATION,
        act(on("06/10/2025")),
    )
    assert proposed.pending[-1].alert_id == alert  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("gpds", "expected"),
    [
        (None, "proposed"),
        ("06/10/2023", "proposed"),
        ("05/10/2023", "gpds_unlikely"),
        ("06/11/2025", "proposed"),  # one that is planned
        ("06/11/2925", "gpds_unlikely"),
    ],
)
def test_a_proposal_names_a_gpds_that_was_or_is_planned(gpds: str | None, expected: str) -> None:
    gpds_on = day(gpds) if gpds else None
    proposed = Parcours(PARCOURS)
    assert refusal_of(lambda: proposed.propose(of(Scheme.TDO), REGULATION, act(), gpds_on=gpds_on)) == expected


def test_an_act_on_what_does_not_exist_is_refused() -> None:
    assert refusal_of(lambda: extend("31/12/2025")(Parcours(PARCOURS))) == "unknown_parcours"


def test_an_act_on_an_erased_pupil_is_refused() -> None:
    parcours = ninety_days()
    parcours.forget(on("01/10/2025"))
    assert refusal_of(lambda: extend("31/12/2025")(parcours)) == "pupil_erased"
    assert parcours.deadlines() == {}


def test_after_the_end_only_the_outcome_is_asked_for() -> None:
    parcours = ninety_days()
    ring_until(parcours, on("02/12/2025"))
    assert parcours.state is ParcoursState.EXPIRED
    assert refusal_of(lambda: extend("31/12/2025")(parcours)) == "parcours_expired"
    assert close("01/12/2025", now="02/12/2025")(parcours) is ParcoursState.CLOSED


def test_days_with_a_partner_are_told_as_they_change() -> None:
    """AMB-10: alerts leave them out of the count."""
    parcours = ninety_days()
    for ask in (
        sign("01/09/2025", "08/09/2025"),
        sign("01/09/2025", "15/09/2025"),  # a second partner later: nothing new
        suspend("15/09/2025"),
        resume("22/09/2025"),
        extend("05/12/2025"),
        close("30/09/2025"),
    ):
        ask(parcours)
    told = [event for event in parcours.pending if isinstance(event, events.PartnerDaysChanged)]
    first, paused, again, longer, closed = ([(f"{a:%d/%m}", f"{b:%d/%m}") for a, b in event.days] for event in told)
    assert first == [("08/09", "29/11")]
    assert paused == [("08/09", "14/09")]
    assert again == [("08/09", "14/09"), ("22/09", "29/11")]
    assert longer == [("08/09", "14/09"), ("22/09", "05/12")]
    assert closed == [("08/09", "14/09"), ("22/09", "30/09")]
    assert all(later.former == earlier.days for earlier, later in pairwise(told))


def test_a_wrong_year_at_the_closing_takes_no_day_with_the_partner_away() -> None:
    """The alerts service would count them as absences again."""
    parcours = open_parcours("01/10/2025", "31/12/2025", Scheme.TDO)
    sign("01/10/2025", "01/10/2025")(parcours)
    with pytest.raises(Refused) as refused:
        close("20/11/2024", now="20/11/2025")(parcours)
    assert refused.value.reason == "Ce parcours commence le 01/10/2025."
    assert refused.value.remedy == "Vérifiez l’année : choisissez un jour du 01/10/2025 au 20/11/2025."
    assert parcours.partner_days == [(day("01/10/2025"), day("31/12/2025"))]


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ("14/09/2025", "closing_before_start"),
        ("15/09/2025", "closed"),  # the day it was opened
        ("20/09/2025", "closed"),  # the day it is
        ("21/09/2025", "date_to_come"),
        ("01/10/2025", "date_to_come"),
    ],
)
def test_a_parcours_that_has_not_begun_is_given_up_on_a_day_since_it_was_opened(closed: str, expected: str) -> None:
    parcours = open_parcours("01/10/2025", "31/12/2025", Scheme.TDO, now=on("15/09/2025"))
    sign("15/09/2025", "01/10/2025", now="15/09/2025")(parcours)
    assert refusal_of(lambda: close(closed, now="20/09/2025")(parcours)) == expected
    assert (parcours.partner_days == []) == (expected == "closed")


def test_a_parcours_entered_late_and_over_is_closed_from_its_first_day_on() -> None:
    parcours = open_parcours("08/09/2025", "03/10/2025", Scheme.TDO, now=on("02/03/2026"))
    assert refusal_of(lambda: close("07/09/2025", now="02/03/2026")(parcours)) == "closing_before_start"
    assert close("03/10/2025", now="02/03/2026")(parcours) is ParcoursState.CLOSED


def test_a_review_held_moves_the_next_one() -> None:
    parcours = ninety_days()
    review("30/09/2025")(parcours)
    assert parcours.next_review_on == day("03/11/2025")  # the 30th of October is in the holidays
    assert parcours.deadlines()["review"] > on("03/11/2025") + timedelta(hours=1)


def test_every_command_of_the_catalogue_has_its_act() -> None:
    """Opening is the application's own, and so are delays."""
    wanted = {command for command in COMMANDS if issubclass(command, asked.ParcoursCommand)}
    assert set(ACTS) == wanted - {asked.OpenParcours}
