"""The read models alone: batches given to them as a reader would, and what they then hold."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Database
from contracts.directory import Role
from contracts.envelope import Envelope
from contracts.examples.people import actor, school
from services.projections.catalogue import READ_MODELS
from services.projections.folding import Item
from services.projections.handlers import Erasure, Projection
from services.projections.reading.readings import Readings
from services.projections.scope import Scope, Sees
from tests.unit.projections.given import message
from tests.unit.projections.places import uai

HERE, ELSEWHERE = uai(310001), uai(810001)
_CONTENT = {
    "alerts": "alert_id, uai, state, half_days, rule::text, counted::text, left_out::text, raised_at, raised_event,"
    " raised_half_days, act, act_by",
    "timeline": "alert_id, event_id, kind, by, half_days, detail, on_day",
    "approaching": "student_id, month, level, uai, half_days",
    "identities": "student_id, ine, last_name, first_name, search",
    "enrolments": "student_id, uai, class_name, left_on",
    "mails": "mail_id, alert_id, student_id, state, attempts, doubtful, message_id",
    "parcours": "parcours_id, student_id, uai, scheme, state, began_at, changed_at, proposed_at, opened_at, starts_on,"
    " ends_on, last_day, next_review_on, suspended_since, alert_id, gpds_on, referent_id, partners, placement_days,"
    " parcours_days, most_placement_days, cautions, rule::text, outcome, closed_on",
    "parcours_timeline": "parcours_id, event_id, at, kind, by, why, command_id, detail::text",
    "placements": "parcours_id, placement_id, first, last",
    "delays": "delay_id, student_id, uai, kind, since, until, state, rule::text, started_at, started_by, changed_at,"
    " ended_at, ended_by, done",
    "delay_timeline": "delay_id, event_id, at, kind, by, why, command_id, detail::text",
}


def scope(*uais: str, sees: Sees = Sees.PUPILS) -> Scope:
    """What somebody in charge of these schools may look at."""
    role = Role.MISSION_LOCALE if sees is Sees.PARCOURS else Role.COORD_MLDS
    return Scope(actor(role=role, territory="x"), tuple(school(uai=each) for each in uais), sees)


class ReadModels:
    """The handlers of every reader, over a database."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, "projections")
        self.readings = Readings(url)
        self._handlers: dict[str, Projection[Any] | Erasure] = {
            feed.source.root: feed.handler(model) for model in READ_MODELS for feed in model.feeds
        }
        self._erasure = Erasure("erasures")

    def handle(self, envelopes: Iterable[Envelope[Any]], first: int = 1) -> int:
        """One batch of facts of one stream; return how many rows it came by while reading tables whole."""
        batch = list(envelopes)
        root = batch[0].type.split(".")[2]
        erases = batch[0].type.endswith("student_erased.v1")
        handler = self._erasure if erases else self._handlers[root]
        items: Sequence[Item] = [handler.decode(message(each, first + at)) for at, each in enumerate(batch)]
        with self.database.transaction() as tx:
            handler.handle(tx, items)
            read = tx.execute("SELECT coalesce(sum(seq_tup_read), 0)::int FROM pg_stat_xact_user_tables").fetchone()
        return int(read[0]) if read else 0

    def handle_in_pieces(self, envelopes: Sequence[Envelope[Any]], dice: random.Random) -> None:
        """The same facts in batches of any sizes, some of them given again from further back."""
        at = 0
        while at < len(envelopes):
            until = at + dice.randint(1, 7)
            self.handle(envelopes[at:until], at + 1)
            at = until

    def content(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """What the tables hold, in an order of its own."""
        with self.database.transaction() as tx:
            return {
                table: sorted(tx.execute(f"SELECT {_CONTENT[table]} FROM {table}".encode()).fetchall(), key=str)
                for table in tables or _CONTENT
            }

    def empty(self) -> None:
        """As if nothing had been read."""
        with self.database.transaction() as tx:
            for table in (*_CONTENT, "forgotten"):
                tx.execute(f"DELETE FROM {table}".encode())

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()
        self.readings.close()
