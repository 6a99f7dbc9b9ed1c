"""People who act around the ends: just before them, and at the same moment as the alarm. Seeded."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from chassis.clock import Clock
from chassis.database import TRANSIENT, Database
from chassis.recorder import VersionConflict
from chassis.store import EventStore
from contracts import parcours_commands as asked
from contracts.commands import CommandReply
from contracts.parcours import Outcome
from services.parcours import rules
from services.parcours.application import ParcoursService
from services.parcours.commands import obey
from tests.chaos.deadlines.cohort import PERSON, Followed
from tests.chaos.deadlines.crew import SKEW_S
from tests.chaos.deadlines.worker import Skewed

_AT_ONCE = 3
# Of the parcours that end at a midnight, or whose review is due then: what people do.
_EXTEND, _CLOSE, _ERASE = 0.12, 0.04, 0.01
_REVIEW = 0.2
_TRY_AGAIN: tuple[type[Exception], ...] = (*TRANSIENT, VersionConflict)

Asked = asked.ExtendParcours | asked.CloseParcours | asked.HoldReview


@dataclass(frozen=True)
class Answered:
    """A command, whether it came before the end or raced with the alarm, and what was answered."""

    command: Asked
    racing: bool
    reply: CommandReply


class People:
    """They know each parcours by its days, and use machines whose clocks are wrong too."""

    def __init__(self, database_url: str, clock: Clock, followed: Iterable[Followed], rng: random.Random) -> None:
        self._rng = rng
        self._database = Database(database_url, "parcours")
        self._store = EventStore(self._database)
        regulation = rules.load()
        self._desks = [
            ParcoursService(self._store, Skewed(clock, skew_s), regulation) for skew_s in (-SKEW_S, 7.0, SKEW_S)
        ]
        self._ending: dict[date, list[Followed]] = defaultdict(list)
        self._reviewed: dict[date, list[Followed]] = defaultdict(list)
        for each in followed:
            self._ending[each.ends_on].append(each)
            if each.review_on:
                self._reviewed[each.review_on].append(each)
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._asked: list[tuple[Followed, bool, Asked, Future[CommandReply]]] = []
        self._erasing: list[Future[None]] = []
        self.answers: list[Answered] = []
        self.erased: set[UUID] = set()

    @property
    def counts(self) -> Counter[str]:
        """How many acts of each kind had which outcome."""
        return Counter(
            f"{type(each.command).__name__.removesuffix('Parcours').lower()} {each.reply.code or each.reply.outcome}"
            for each in self.answers
        )

    def act(self, day: date, *, racing: bool) -> None:
        """Set about what is done at the end of this day: just before it is over, or `racing` with the alarm."""
        for each in self._ending[day]:
            drawn = self._rng.random()
            if each.ends_on != day or each.student_id in self.erased:
                continue
            if drawn < _EXTEND:
                ends_on = day + timedelta(self._rng.randint(2, 12))
                self._ask(each, racing, asked.ExtendParcours(**self._about(each), ends_on=ends_on))
            elif drawn < _EXTEND + _CLOSE:
                self._ask(each, racing, asked.CloseParcours(**self._about(each), outcome=Outcome.JOB, closed_on=day))
            elif drawn < _EXTEND + _CLOSE + _ERASE:
                self.erased.add(each.student_id)
                self._erasing.append(self._pool.submit(self._erase, each.student_id))
        for each in self._reviewed.pop(day, ()) if racing else self._reviewed[day]:
            if self._rng.random() < _REVIEW and each.student_id not in self.erased:
                self._ask(each, racing, asked.HoldReview(**self._about(each), held_on=day - timedelta(1)))

    def wait(self) -> None:
        """Return once everybody has an answer."""
        for each, racing, command, future in self._asked:
            reply = future.result()
            self.answers.append(Answered(command, racing, reply))
            if isinstance(command, asked.ExtendParcours) and reply.outcome == "done":
                each.ends_on = command.ends_on
                self._ending[each.ends_on].append(each)
        for erasing in self._erasing:
            erasing.result()
        self._asked, self._erasing = [], []

    def close(self) -> None:
        """Everybody goes home."""
        self._pool.shutdown()
        self._store.close()
        self._database.close()

    def _about(self, each: Followed) -> dict[str, object]:
        command_id = UUID(int=self._rng.getrandbits(128), version=4)
        return {
            "command_id": command_id,
            "actor_id": PERSON,
            "parcours_id": each.parcours_id,
            "student_id": each.student_id,
        }

    def _ask(self, each: Followed, racing: bool, command: Asked) -> None:
        desk = self._rng.choice(self._desks)
        body = command.model_dump_json(exclude_none=True).encode()
        self._asked.append((each, racing, command, self._pool.submit(obey, desk, type(command), body)))

    def _erase(self, student_id: UUID) -> None:
        self._until_done(lambda: self._erase_once(student_id))

    def _erase_once(self, student_id: UUID) -> None:
        with self._database.transaction() as tx:
            self._desks[0].erase(tx, [student_id])

    @staticmethod
    def _until_done(work: Callable[[], None], attempts: int = 100) -> None:
        for _ in range(attempts):
            try:
                return work()
            except _TRY_AGAIN:
                continue
        raise TimeoutError("an erasure never came through")
