"""Given past events, when somebody acts or time passes, then these events: the words of the parcours tests."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.events import Event
from contracts.parcours import Diploma, ParcoursState, Scheme, Why
from contracts.parcours_commands import Declared
from services.parcours import rules
from services.parcours.acting import Act
from services.parcours.days import day_of
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.events import Of
from services.parcours.refusals import Refused

PUPIL = UUID("0d4bb2a5-f001-4c1e-9a7b-6f1d1f9e5a4f")
PARCOURS = UUID("1e5cc3b6-0112-4d2f-8b8c-702e2fa06b50")
SCHOOL = "0310000G"
BY = "mlds-31-1"
REGULATION = rules.load()
NOW = datetime(2025, 10, 6, 8, tzinfo=UTC)

AFTER_EXAM = Declared(volunteer=True, diploma=Diploma.BAC_PRO, session=2025)
AT_RISK = Declared(volunteer=True, solutions_tried=True, age=16)


def day(text: str) -> date:
    """A day written `06/10/2025`, as the tables are."""
    number, month, year = text.split("/")
    return date(int(year), int(month), int(number))


def on(text: str) -> datetime:
    """Ten in the morning of that day in France, roughly: 8 h UTC."""
    return datetime.combine(day(text), datetime.min.time(), UTC) + timedelta(hours=8)


def act(now: datetime = NOW, command_id: UUID | None = None, why: Why = Why.SCHOOL_DECIDED) -> Act:
    """Somebody does something."""
    return Act(BY, why, command_id or uuid4(), now, day_of(now))


def of(scheme: Scheme) -> Of:
    """The pupil's, in the school, of this scheme."""
    return Of(PUPIL, SCHOOL, scheme.value)


def open_parcours(
    starts: str,
    ends: str,
    scheme: Scheme = Scheme.AMBITION_EMPLOI,
    declared: Declared | None = None,
    now: datetime | None = None,
    gpds: str | None = None,
) -> Parcours:
    """A parcours just opened, as if loaded from the store."""
    said = declared or (AT_RISK if scheme in (Scheme.TDO, Scheme.PAFI) else AFTER_EXAM)
    parcours = Parcours(PARCOURS)
    asked = Opening(scheme, day(starts), day(ends), said, day(gpds) if gpds else None)
    parcours.open(of(scheme), asked, REGULATION, act(now or on(starts)))
    parcours.pending = []
    return parcours


def replayed(parcours: Parcours, history: Iterable[Event]) -> Parcours:
    """A second one made from stored events alone."""
    other = Parcours(parcours.id)
    for event in history:
        other.replay(event)
    return other


def state_of(parcours: Parcours) -> dict[str, Any]:
    """Everything it knows, to compare two of them."""
    known = {name: value for name, value in vars(parcours).items() if name not in ("pending", "timing")}
    return known | {"timing": vars(parcours.timing), "version": parcours.version}


def ring_until(parcours: Parcours, until: datetime) -> list[Event]:
    """Let every deadline due by `until` fire, each at its instant; what was recorded."""
    before = len(parcours.pending)
    while True:
        due = sorted((at, kind) for kind, at in parcours.deadlines().items() if at <= until)
        if not due:
            return parcours.pending[before:]
        parcours.fire(due[0][1], due[0][0], due[0][0])


def ring_late(parcours: Parcours, now: datetime) -> None:
    """Let every deadline due by `now` fire, oldest first, all of them only now."""
    while due := sorted((at, kind) for kind, at in parcours.deadlines().items() if at <= now):
        parcours.fire(due[0][1], due[0][0], now)


def refusal_of(ask: Callable[[], ParcoursState]) -> str:
    """The code it is refused with, or the state."""
    try:
        return ask().value
    except Refused as refusal:
        return refusal.code


def kinds(happened: Iterable[Event]) -> list[str]:
    """The names of what happened."""
    return [type(event).__name__ for event in happened]
