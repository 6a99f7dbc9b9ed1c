"""What is asked of intake: take in what a sender says, each event once, and answer about each.

Whatever the door (HTTP, file, NATS), events come through here.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from chassis.clock import PARIS, Clock
from chassis.database import Database, Transaction
from chassis.tracing import Elsewhere
from contracts.directory import School
from services.intake import traces
from services.intake.batch import Batch, Earlier, Said
from services.intake.calendar import SchoolCalendar
from services.intake.drafts import Draft
from services.intake.reading import Read
from services.intake.rules import Rules
from services.intake.senders import Sender
from services.intake.verdicts import Verdict


class Schools(Protocol):
    """The directory of schools."""

    def find(self, uais: Collection[str]) -> Mapping[str, School]:
        """Those of these schools that exist. Raises a transient error when it cannot be known."""
        ...


class Intake:
    """The application. `on_commit` is called after each committed batch, to wake the relays."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        schools: Schools,
        calendar: SchoolCalendar,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._schools = schools
        self._calendar = calendar
        self._on_commit = on_commit

    def receive(
        self, sender: Sender, events: Sequence[Read], door: str = "file", after: Elsewhere | None = None
    ) -> list[Verdict]:
        """Take events in, in a transaction of their own; once this returns they are kept.

        `after`: what the sender traced, of all those that do not say it themselves.
        """
        started, said = time.time_ns(), [(sender, event) for event in events]
        batch = self._batch(said)
        with self._database.transaction() as tx:
            verdicts = batch.accept(tx)
        self._on_commit()
        traces.accepted(door, said, verdicts, started, after)
        return verdicts

    def accept(self, tx: Transaction, said: Sequence[Said]) -> list[Verdict]:
        """Take events of several senders in, in the caller's transaction: they are kept if it commits."""
        return self._batch(said).accept(tx)

    def preview(self, sender: Sender, events: Sequence[Read], earlier: Earlier) -> list[Verdict]:
        """The answers that `receive` would give, had what is in `earlier` been received; nothing is written."""
        batch = self._batch([(sender, event) for event in events])
        with self._database.transaction() as tx:
            return batch.preview(tx, earlier)

    def _batch(self, said: Sequence[Said]) -> Batch:
        now = self._clock.now()
        schools = self._schools.find({event.data.uai for _, event in said if isinstance(event, Draft)})
        today = now.astimezone(PARIS).date()
        return Batch(Rules(self._calendar, schools, now, today), said)
