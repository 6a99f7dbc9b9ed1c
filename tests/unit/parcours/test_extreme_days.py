"""Whatever days people type, the first and the last of the calendar too: it is done, or there is a reason why not."""

from contextlib import suppress
from datetime import date, timedelta
from itertools import product
from typing import Any, get_args

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from chassis.events import encode
from contracts import parcours_commands as asked
from contracts.examples import parcours_command
from contracts.examples.parcours import PARCOURS_COMMANDS
from contracts.parcours import Scheme
from services.parcours.acts import ACTS
from services.parcours.days import days_in
from services.parcours.delay import Delay
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.refusals import Refused
from tests.unit.parcours.given import AT_RISK, NOW, PARCOURS, REGULATION, act, of, on, ring_late

TODAY = NOW.date()
ON = dict.fromkeys(Scheme, NOW) | {Scheme.AVENIR_PRO_PLUS: on("12/01/2026")}  # when each may be opened
AHEAD = timedelta(days=3 * 365)
COMMANDS = [command for command in PARCOURS_COMMANDS if issubclass(command, asked.ParcoursCommand)]
EXTREME = [date.min, date(1, 1, 2), date(25, 10, 6), date(2925, 10, 6), date(9999, 1, 1), date(9999, 12, 30), date.max]
days = st.one_of(
    st.sampled_from(EXTREME), st.integers(-30, 90).map(lambda number: TODAY + timedelta(number)), st.dates()
)


def days_of(contract: type[asked.ParcoursCommand]) -> list[str]:
    """Its fields that are days."""
    fields = contract.model_fields.items()
    return [name for name, field in fields if date in (field.annotation, *get_args(field.annotation))]


wishes = st.sampled_from(COMMANDS).flatmap(
    lambda contract: st.fixed_dictionaries(dict.fromkeys(days_of(contract), days)).map(
        lambda said: parcours_command(contract, **said)
    )
)
schemes = st.sampled_from(Scheme)


def obey(parcours: Parcours, command: Any, scheme: Scheme) -> None:
    """What the service does, the store apart."""
    by = act(ON[scheme])
    if isinstance(command, asked.OpenParcours):
        declared = command.declared.model_copy(update=AT_RISK.model_dump(include={"solutions_tried", "age"}))
        opening = Opening(scheme, command.starts_on, command.ends_on, declared, command.gpds_on)
        parcours.open(of(scheme), opening, REGULATION, by)
    else:
        ACTS[type(command)](parcours, command, REGULATION, by)


def followed(scheme: Scheme) -> Parcours:
    """A parcours of sixty days that is under way."""
    parcours, first = Parcours(PARCOURS), ON[scheme].date() - timedelta(9)
    opening = {"starts_on": first, "ends_on": first + timedelta(60), "gpds_on": first}
    obey(parcours, parcours_command(asked.OpenParcours, **opening), scheme)
    return parcours


def bounded(parcours: Parcours) -> None:
    """Nothing is to come, nor was said, of a day that nobody will see."""
    assert all(due < NOW + AHEAD for due in parcours.deadlines().values())
    assert sum(days_in(*each) for each in parcours.partner_days) < AHEAD.days


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("contract", COMMANDS)
def test_the_ends_of_the_calendar_are_refused_by_every_act(
    contract: type[asked.ParcoursCommand], scheme: Scheme
) -> None:
    names = days_of(contract)
    for several in product([*EXTREME, ON[scheme].date()], repeat=len(names)):
        for parcours in (Parcours(PARCOURS), followed(scheme)):
            with suppress(Refused):
                obey(parcours, parcours_command(contract, **dict(zip(names, several, strict=True))), scheme)
            bounded(parcours)


@settings(max_examples=400, deadline=None)
@given(st.lists(wishes, max_size=8), schemes, st.booleans())
def test_every_day_is_taken_or_refused_with_what_would_do(wished: list[Any], scheme: Scheme, running: bool) -> None:
    parcours = followed(scheme) if running else Parcours(PARCOURS)
    for command in wished:
        with suppress(Refused):
            obey(parcours, command, scheme)
        bounded(parcours)
    ring_late(parcours, NOW + AHEAD)
    assert all(encode(event) for event in parcours.pending)


@given(days)
def test_every_day_begins_a_delay_or_is_refused(since: date) -> None:
    said = parcours_command(asked.StartDelay, since=since)
    delay = Delay(said.delay_id)
    with suppress(Refused):
        delay.start(said.student_id, said.uai, said.kind, since, REGULATION, act(NOW))
    assert all(due < NOW + AHEAD for due in delay.deadlines().values())
