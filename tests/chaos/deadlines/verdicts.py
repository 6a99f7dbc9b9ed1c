"""What the record says when all is quiet. Each rule has its complaints; no complaint, no fault."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import NamedTuple
from uuid import UUID

import psycopg

from contracts import parcours_commands as asked
from tests.chaos.deadlines.book import Page
from tests.chaos.deadlines.people import Answered

RULES = (
    "each fired once",
    "none early",
    "none missing",
    "in due order",
    "an extension is the last word",
    "only by the database's clock",
    "done is recorded, refused is not",
    "rows are what the record says",
    "pupils are free when nothing runs",
)
_OF_PUPILS = ("parcours.PupilTaken.1", "parcours.PupilFree.1", "parcours.PupilConcerned.1", "parcours.PupilErased.1")


class Shown(NamedTuple):
    """What the database's clock showed, and the last event of the log that was committed before it moved on."""

    instant: datetime
    last: float = inf


@dataclass
class Verdict:
    """What fired, by kind, and what is wrong, by rule."""

    fired: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=lambda: {rule: [] for rule in RULES})


class Record:
    """The event store read from its first event to its last."""

    def __init__(self, shown: Sequence[Shown]) -> None:
        self._shown = shown
        self._instants = frozenset(each.instant for each in shown)
        self._moment = 0
        self._pages: dict[UUID, Page] = defaultdict(Page)
        self._versions: Counter[UUID] = Counter()
        self._taken: dict[UUID, str | None] = {}
        self._commands: set[str] = set()
        self.verdict = Verdict()

    def read(self, rows: Iterable[tuple[int, UUID, int, str, bytes]]) -> None:
        """Take in every stored event, in the order of the log."""
        wrong = self.verdict.wrong
        for position, aggregate_id, version, topic, state in rows:
            while position > self._shown[self._moment].last:
                self._moment += 1
            self._versions[aggregate_id] += 1
            if version != self._versions[aggregate_id]:
                wrong["each fired once"].append(f"version {version} of {aggregate_id} is out of place")
            event = json.loads(state)
            if topic in _OF_PUPILS:
                if topic in _OF_PUPILS[:2]:
                    self._taken[aggregate_id] = event["parcours_id"] if topic == _OF_PUPILS[0] else None
                continue
            if "command_id" in event:
                self._commands.add(event["command_id"])
            kind = self._pages[aggregate_id].read(topic, event)
            if kind:
                self.verdict.fired[kind] += 1
                if datetime.fromisoformat(event["at"]) not in self._instants:
                    wrong["only by the database's clock"].append(f"{kind} at {event['at']}, which it never showed")
                at_most = self._shown[self._moment].instant
                if datetime.fromisoformat(event["due_at"]) > at_most:
                    wrong["none early"].append(f"{kind} of {event['due_at']} was committed at {at_most} or before")

    def judge(self, now: datetime, rows: Iterable[tuple[UUID, str, datetime]], answers: Iterable[Answered]) -> Verdict:
        """The verdict at `now`, with the rows of deadlines that are open and what people were answered."""
        wrong = self.verdict.wrong
        for page in self._pages.values():
            for rule, complaint in page.wrong:
                wrong[rule].append(complaint)
        expected = {
            (aggregate_id, kind): due for aggregate_id, page in self._pages.items() for kind, due in page.open.items()
        }
        for (_, kind), due in expected.items():
            if due <= now:
                wrong["none missing"].append(f"{kind} of {due} never fired")
        found = {(aggregate_id, kind): due for aggregate_id, kind, due in rows}
        for key in expected.keys() | found.keys():
            if expected.get(key) != found.get(key):
                wrong["rows are what the record says"].append(f"{key[1]}: {found.get(key)} not {expected.get(key)}")
        wrong["done is recorded, refused is not"] += self._belied(answers)
        wrong["pupils are free when nothing runs"] += self._not_freed()
        return self.verdict

    def _belied(self, answers: Iterable[Answered]) -> Iterator[str]:
        for each in answers:
            done, recorded = each.reply.outcome == "done", str(each.command.command_id) in self._commands
            if done != recorded:
                yield f"{type(each.command).__name__}: answered {each.reply.outcome}, recorded: {recorded}"
            if isinstance(each.command, asked.ExtendParcours) and not each.racing and not done:
                yield f"an extension before the end was refused: {each.reply.code}"

    def _not_freed(self) -> Iterator[str]:
        running = {str(key): page.running for key, page in self._pages.items() if not page.erased}
        for pupil_id, parcours_id in self._taken.items():
            if parcours_id and running.get(parcours_id) is False:
                yield f"pupil {pupil_id} is still taken by {parcours_id}"
        taken = {parcours_id for parcours_id in self._taken.values() if parcours_id}
        yield from (f"{key} runs, and its pupil is free" for key, runs in running.items() if runs and key not in taken)


def look(database_url: str, now: datetime, shown: Sequence[Shown], answers: Iterable[Answered]) -> Verdict:
    """Read the record in `database_url` and judge."""
    record = Record(shown)
    with psycopg.connect(database_url, options="-c search_path=parcours") as connection:
        with connection.cursor("record") as cursor:
            cursor.execute(
                "SELECT notification_id, originator_id, originator_version, topic, state"
                " FROM stored_events ORDER BY notification_id"
            )
            record.read(cursor)
        rows = connection.execute("SELECT aggregate_id, kind, due_at FROM deadlines WHERE fired_at IS NULL").fetchall()
    return record.judge(now, rows, answers)
