"""Which message makes the application do what."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from sys import intern
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from chassis.database import Transaction
from chassis.messages import Message, Unprocessable
from contracts.parcours import ParcoursOpened, PartnerDaysChanged
from contracts.school import AbsenceCancelled, AbsenceJustified, AbsenceReported, StudentErased
from services.alerts.application import Alerts
from services.alerts.events import Fact, Slot, Status
from services.alerts.facts import OpeningSaid, PartnerDaysSaid, Said, file_number
from services.alerts.openings import for_each_file
from services.alerts.partner_days import for_each_month
from services.alerts.wire import AboutHalfDay, AboutOpening, AboutPartnerDays, AboutPupil

T = TypeVar("T")


@lru_cache(maxsize=2048)
def _slot(day: date, period: str) -> tuple[Slot, str]:
    """A half-day and its month. A year has few half-days and files hold many: one object for each."""
    slot = Slot(day, period == "AFTERNOON")
    return slot, slot.month


def _reported(said: AboutHalfDay) -> Said:
    return _said(said, Status.JUSTIFIED if said.data.justified else Status.UNJUSTIFIED)


def _justified(said: AboutHalfDay) -> Said:
    return _said(said, Status.JUSTIFIED)


def _cancelled(said: AboutHalfDay) -> Said:
    return _said(said, Status.CANCELLED)


def _erased(said: AboutPupil) -> UUID:
    return said.data.student_id


REACTIONS: dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Any], Said | UUID]]] = {
    AbsenceReported.FACT: (msgspec.json.Decoder(AboutHalfDay), _reported),
    AbsenceJustified.FACT: (msgspec.json.Decoder(AboutHalfDay), _justified),
    AbsenceCancelled.FACT: (msgspec.json.Decoder(AboutHalfDay), _cancelled),
    StudentErased.FACT: (msgspec.json.Decoder(AboutPupil), _erased),
}


def _said(said: AboutHalfDay, status: Status) -> Said:
    data = said.data
    slot, month = _slot(data.half_day.date, data.half_day.period)
    fact = Fact(slot, status, intern(data.uai), said.time, said.id, intern(said.source), data.category)
    return Said(file_number(data.student_id.int, month), data.student_id, fact)


def _read(decoder: msgspec.json.Decoder[T], message: Message) -> T:
    try:
        return decoder.decode(message.data)
    except msgspec.ValidationError as error:
        # Says what was expected and where, as `$.data.uai`; never what was found.
        raise Unprocessable(str(error)) from None
    except msgspec.DecodeError:
        raise Unprocessable("not JSON") from None


class SchoolFacts:
    """The reader's handler: a stream message becomes a fact, a batch of facts goes to the application."""

    def __init__(self, application: Alerts) -> None:
        self._application = application

    def decode(self, message: Message) -> Said | UUID:
        """The fact in `message`. Raises Unprocessable."""
        reaction = REACTIONS.get(message.fact)
        if reaction is None:
            raise Unprocessable(f"unknown fact {message.fact}")
        decoder, understand = reaction
        return understand(_read(decoder, message))

    def handle(self, tx: Transaction, items: Sequence[Said | UUID]) -> None:
        """Take in the whole batch."""
        self._application.take_in(tx, items)

    def forget(self) -> None:
        """The batch was not committed."""
        self._application.forget()


ParcoursSaid = Sequence[PartnerDaysSaid | OpeningSaid]
PARCOURS_REACTIONS: dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Any], ParcoursSaid]]] = {
    PartnerDaysChanged.FACT: (msgspec.json.Decoder(AboutPartnerDays), for_each_month),
    ParcoursOpened.FACT: (msgspec.json.Decoder(AboutOpening), for_each_file),
}


class ParcoursFacts:
    """The handler of the second reader: what is said of a parcours goes to the file of each month it may touch."""

    def __init__(self, application: Alerts) -> None:
        self._application = application

    def decode(self, message: Message) -> ParcoursSaid:
        """What `message` says to the files. Raises Unprocessable."""
        reaction = PARCOURS_REACTIONS.get(message.fact)
        if reaction is None:
            raise Unprocessable(f"unknown fact {message.fact}")
        decoder, understand = reaction
        return understand(_read(decoder, message))

    def handle(self, tx: Transaction, items: Sequence[ParcoursSaid]) -> None:
        """Take in the whole batch."""
        self._application.take_in_parcours(tx, list(chain.from_iterable(items)))

    def forget(self) -> None:
        """Nothing is remembered between batches."""
