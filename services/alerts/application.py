"""What can be asked of the alerts service: take in facts and partner days, forget a pupil, and the acts of people."""

from collections.abc import Sequence
from uuid import UUID

from chassis.clock import Clock, today
from chassis.database import Transaction
from chassis.store import Aggregates, EventStore, decide
from contracts.alerts import AlertState
from contracts.commands import AlertCommand
from services.alerts.acts import ACTS
from services.alerts.domain import Attendance
from services.alerts.facts import OpeningSaid, PartnerDaysSaid, Said, file_number, months_with_files


class Alerts:
    """The application. `take_in` and `forget` are for one reader's thread, the others for any."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._files = Aggregates(store, Attendance)

    def take_in(self, tx: Transaction, heard: Sequence[Said | UUID]) -> None:
        """Note facts in order; a bare id is a pupil to forget. Keeps what follows from them in `tx`."""
        now = self._clock.now()
        said = [each for one in heard for each in ((one,) if isinstance(one, Said) else self._farewell(one))]
        files = self._files.each(tx, [each.file_number for each in said])
        for each, file in zip(said, files, strict=True):
            if each.fact:
                file.note(each.student_id, each.fact, now)
            else:
                file.forget(now)
        self._files.save(tx, dict.fromkeys(files))

    def take_in_parcours(self, tx: Transaction, said: Sequence[PartnerDaysSaid | OpeningSaid]) -> None:
        """Note, in order and each in its file, days with a partner (AMB-10) and the parcours that answer alerts."""
        now = self._clock.now()
        # Loaded anew for each batch: the reader of facts writes to the same files, far more often.
        repository = Aggregates(self._store, Attendance)
        files = repository.each(tx, [each.file_id.int for each in said])
        for each, file in zip(said, files, strict=True):
            if isinstance(each, OpeningSaid):
                file.answer(each, now)
            else:
                file.note_partner_days(each, now)
        repository.save(tx, dict.fromkeys(files))

    def _farewell(self, pupil: UUID) -> list[Said]:
        first, last = months_with_files(today(self._clock))
        months = (f"{year}-{month:02}" for year in range(first.year, last.year + 1) for month in range(1, 13))
        return [Said(file_number(pupil.int, month), pupil, None) for month in months]

    def forget(self) -> None:
        """What was remembered in memory may not have been committed."""
        self._files.forget()

    def obey(self, command: AlertCommand) -> AlertState:
        """Do what a person asks; the same command again changes nothing. Raises Refused."""
        # Before the transaction: a clock kept in the database asks for a connection of its own.
        now = self._clock.now()
        act = ACTS[type(command)]
        return decide(self._store, Attendance, command.attendance_id, lambda file: act(file, command, now))
