"""What the relays publish: the ledger on SCHOOL, the register on REGISTER, refusals on REFUSALS."""

from collections.abc import Callable, Sequence
from typing import Any, LiteralString, TypeVar

from chassis.database import Database, Transaction
from chassis.relay import Page
from chassis.window import Outgoing
from contracts.envelope import Envelope
from contracts.register import PupilForgotten, PupilIdentified
from contracts.streams import register_subject, subject_of
from services.intake import ledger, refusals, register
from services.intake.register import Change

T = TypeVar("T")
REGISTER_SOURCE = "/intake/register"


class TableLog:
    """A table that grows at its end only, as a relay reads it; `place`: its name, and the column of positions.

    `moves`: a row takes a new position when it changes; `goes`: it is removed once it is published.
    """

    def __init__(
        self,
        database: Database,
        place: tuple[LiteralString, LiteralString],
        rows: Callable[[Transaction, int, int], Sequence[T]],
        outgoing: Callable[[T], Outgoing],
        *,
        moves: bool = False,
        goes: bool = False,
    ) -> None:
        self._database = database
        self._place = place
        self._rows = rows
        self._outgoing = outgoing
        self._moves, self._goes = moves, goes

    def read(self, after: int, limit: int) -> Page:
        """What follows position `after`."""
        with self._database.reading() as tx:
            rows = self._rows(tx, after, limit)
        messages = [self._outgoing(row) for row in rows]
        return Page(messages, messages[-1].position if messages else after, len(messages) == limit)

    def count(self, after: int) -> int:
        """How many rows come after position `after`."""
        table, column = self._place
        found: int = self._database.rows(f"SELECT count(*) FROM {table} WHERE {column} > %s", (after,))[0][0]
        return found

    def end(self) -> int | None:
        """The position of the last entry; None where entries are removed once they are published."""
        if self._goes:
            return None
        table, column = self._place
        last: int = self._database.rows(f"SELECT coalesce(max({column}), 0) FROM {table}")[0][0]
        return last

    def entry(self, position: int) -> Outgoing | None:
        """The message of this position. Raises LookupError where a row takes a new position when it changes."""
        if self._moves:
            raise LookupError(position)
        messages = self.read(position - 1, 1).messages
        return messages[0] if messages and messages[0].position == position else None


def ledger_log(database: Database) -> TableLog:
    """Accepted facts, for the stream SCHOOL."""
    return TableLog(database, ("ledger", "position"), ledger.after, _fact)


def register_log(database: Database) -> TableLog:
    """Identities, for the stream REGISTER."""
    return TableLog(database, ("register", "change_seq"), register.changes, _identity, moves=True)


def refusals_log(database: Database) -> TableLog:
    """What the NATS door refused, for the stream REFUSALS."""
    return TableLog(database, ("refusals", "position"), refusals.after, _refusal, goes=True)


def _fact(row: tuple[int, Any, str, bytes]) -> Outgoing:
    position, student_id, fact, payload = row
    return Outgoing(position, subject_of("school", student_id, fact), bytes(payload))


def _identity(change: Change) -> Outgoing:
    pupil, student_id = change.pupil, change.student_id
    data: PupilIdentified | PupilForgotten
    if pupil is None:
        data = PupilForgotten(student_id=student_id)
    else:
        data = PupilIdentified(
            student_id=student_id,
            ine=pupil.ine,
            uai=pupil.uai,
            last_name=pupil.last_name,
            first_name=pupil.first_name,
            birth_date=pupil.birth_date,
            class_name=pupil.class_name,
        )
    envelope = Envelope[PupilIdentified | PupilForgotten](
        id=f"register-{change.position}",
        source=REGISTER_SOURCE,
        type=data.TYPE,
        subject=str(student_id),
        time=change.changed_at,
        data=data,
    )
    return Outgoing(change.position, register_subject(student_id), envelope.to_json())


def _refusal(row: tuple[int, str, bytes]) -> Outgoing:
    position, sender, payload = row
    return Outgoing(position, f"intake.refused.{sender}", bytes(payload))
