"""What the domain is told: facts from schools, days with a partner; and the refusal it may answer a command with."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import msgspec

from contracts.alerts import AlertState
from contracts.identifiers import first_day_of
from services.alerts.events import Fact, PartnerDays

FIRST_YEAR = 2023  # the circular is of September 2023: no file is older
YEARS_AHEAD = 3  # a parcours that begins within a year may end with the school year that follows
_PUPIL_BITS = 112
_PUPIL = (1 << _PUPIL_BITS) - 1


class Refused(Exception):
    """A command that makes no sense: `code` for machines, `reason` in French for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class Said(msgspec.Struct, frozen=True, gc=False):
    """A fact on its way to the file it belongs to; without a fact, the file is forgotten."""

    file_number: int
    student_id: UUID
    fact: Fact | None


class PartnerDaysSaid(NamedTuple):
    """The partner days of a month on their way to its file, the days they replace, and what they follow from."""

    file_id: UUID
    student_id: UUID
    partner_days: PartnerDays
    former: int
    message_id: str
    correlation: UUID | None = None

    def tells_more_than(self, known: PartnerDays | None) -> bool:
        """Whether this is later than what is `known` of the parcours, and other days of the month."""
        new = self.partner_days
        if known is None:
            return True
        # When `former` is not what is known, an earlier revision is still to come, and must find this one.
        same = (new.uai, new.days, self.former) == (known.uai, known.days, known.days)
        return new.revision > known.revision and not same


class OpeningSaid(NamedTuple):
    """A parcours was opened from an alert, by whom, on its way to a file that may be the alert's."""

    file_id: UUID
    alert_id: UUID
    by: str
    command_id: UUID
    message_id: str
    correlation: UUID | None = None


@dataclass(slots=True)
class Alert:
    """One alert: for the n-th time this level was reached in the month. It is the matter of the school `uai`."""

    id: UUID
    level: int
    state: AlertState
    uai: str

    def is_answered_with(self, other: "Alert") -> bool:
        """Whether what is done about `other`, of the same month, is done about this one too (AMB-11, ADR 25)."""
        return self.level < other.level and self.uai == other.uai

    def require_open(self) -> None:
        """Raises Refused when it is over."""
        if self.state is AlertState.LIFTED:
            raise Refused("alert_lifted", "Cette alerte est levée : le compte est repassé sous le seuil.")
        if self.state is AlertState.CLOSED:
            raise Refused("alert_closed", "Cette alerte est déjà close.")

    def require_waiting(self) -> None:
        """Raises Refused unless nobody took it in charge yet."""
        self.require_open()
        if self.state is not AlertState.RAISED:
            raise Refused("already_acknowledged", "Cette alerte est déjà prise en charge.")


def require_plausible(on: date, month: str, today: date) -> None:
    """Raises Refused unless an action on day `on` can answer an alert of `month`."""
    if on > today:
        raise Refused("follow_up_in_future", "La date de ce geste est dans le futur.")
    first = first_day_of(month)
    if on < first:
        raise Refused(
            "follow_up_too_old",
            "La date de ce geste est antérieure au mois de l’alerte."
            f" Choisissez un jour à partir du {first:%d/%m}/{first.year:04}.",
        )


def months_with_files(today: date) -> tuple[date, date]:
    """The first and the last day of the months that a file may be of: those that an erased pupil is forgotten in."""
    return date(FIRST_YEAR, 1, 1), date(today.year + YEARS_AHEAD, 12, 31)


def attendance_id(student_id: UUID, month: str) -> UUID:
    """The id of a pupil's file for a calendar month: the month, then the last 112 bits of the pupil's id.

    Files of one month lie side by side in the store's index, where nearly all that is written goes.
    """
    return UUID(int=file_number(student_id.int, month))


def file_number(pupil: int, month: str) -> int:
    """The same id, and the pupil's, as numbers: one UUID less to make for each fact."""
    return _prefix(month) | (pupil & _PUPIL)


@lru_cache(maxsize=1024)
def _prefix(month: str) -> int:
    year, number = month.split("-")
    return (int(year) * 12 + int(number)) << _PUPIL_BITS
