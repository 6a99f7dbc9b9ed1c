"""Messages a second by 1, 2, 4 replicas of a service that waits, and how long it takes them to share out anew."""

import time
from bisect import bisect_right
from dataclasses import dataclass, field
from statistics import median

from benchmarks.contenders import fill_school, provision
from benchmarks.engines import Engines
from benchmarks.scaling.replicas import PARTITIONS, Replicas
from benchmarks.scaling.steady import Steady
from benchmarks.workload import Workload
from contracts.catalogue import SCHOOL
from contracts.streams import partition_of

READER = "alerts-school"
WAIT_MS = "10"
_WAIT_MOVING_MS = "4"
FEED_PER_S = 300
_MODULE = "benchmarks.scaling.slowed"
_AFTER_S = 2.0


@dataclass
class Speed:
    """What `replicas` did together over `seconds`."""

    replicas: int
    partitions: list[int]
    messages: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Messages whose effect is committed, each second."""
        return self.messages / self.seconds


@dataclass
class Moves:
    """Seconds until shares are even again; and the longest that a partition stood still meanwhile."""

    join: list[float] = field(default_factory=list)
    leave: list[float] = field(default_factory=list)
    kill: list[float] = field(default_factory=list)
    still: dict[str, float] = field(default_factory=dict)


class Backlog:
    """How much of a filled SCHOOL stream is handled, from the readers' own positions."""

    def __init__(self, engines: Engines, name: str, workload: Workload) -> None:
        self.database_url = provision(engines, name)
        fill_school(engines, workload)
        self._places: list[list[int]] = [[] for _ in range(PARTITIONS)]
        for seq, absence in enumerate(workload, 1):
            self._places[partition_of(str(absence.student))].append(seq)

    def handled(self, replicas: Replicas) -> int:
        """How many messages have their effect."""
        return sum(bisect_right(self._places[each], to) for each, to in positions(replicas).items())


def positions(replicas: Replicas) -> dict[int, int]:
    """Where each partition stands."""
    rows = replicas.connection.execute("SELECT partition, position FROM positions WHERE consumer = %s", (READER,))
    return {int(partition): int(position) for partition, position in rows}


def speed(engines: Engines, workload: Workload, replicas: int, wait: dict[str, str], seconds: float) -> Speed:
    """Measured from the moment the shares are even and everybody has moved."""
    backlog = Backlog(engines, f"speed_{replicas}_{'_'.join(wait)}".lower(), workload)
    with Replicas(engines, backlog.database_url, "alerts", _MODULE, wait) as several:
        several.to(replicas)
        time.sleep(1)
        began, before = time.perf_counter(), backlog.handled(several)
        time.sleep(seconds)
        done, lasted = backlog.handled(several) - before, time.perf_counter() - began
        if not several.even() or before + done >= workload.events:
            raise RuntimeError("the shares changed, or the backlog came to its end, while the speed was measured")
        return Speed(replicas, sorted(several.shares()[READER].values(), reverse=True), done, lasted)


def moves(engines: Engines, workload: Workload, rounds: int) -> Moves:
    """Two replicas keep up with a steady feed; a third joins, leaves, joins, is killed, again and again."""
    database_url, found = provision(engines, "moves"), Moves()
    feed = ((absence.subject, absence.to_json()) for absence in workload)
    with (
        Steady(engines.nats_url, SCHOOL.name, feed, FEED_PER_S),
        Replicas(engines, database_url, "alerts", _MODULE, {"BEFORE_MS": _WAIT_MOVING_MS}) as several,
    ):
        several.to(2)
        for _ in range(rounds):
            for into, what, kill in ((3, "join", False), (2, "leave", False), (3, "join", False), (2, "kill", True)):
                with Stillness(several) as stood:
                    seconds = several.to(into, kill=kill)
                    stood.look_for(_AFTER_S)
                getattr(found, what).append(round(seconds, 2))
                found.still[what] = max(found.still.get(what, 0.0), round(stood.longest, 2))
    return found


class Stillness:
    """The longest that a partition of a steady feed stood still."""

    def __init__(self, several: Replicas) -> None:
        self._several = several
        self._moved: dict[int, tuple[int, float]] = {}
        self.longest = 0.0

    def __enter__(self) -> "Stillness":
        self._several.watch = self._look
        return self

    def __exit__(self, *_: object) -> None:
        self._several.watch = None

    def _look(self) -> None:
        now = time.monotonic()
        for partition, position in positions(self._several).items():
            known = self._moved.setdefault(partition, (position, now))
            if known[0] != position:
                self.longest = max(self.longest, now - known[1])
                self._moved[partition] = (position, now)

    def look_for(self, seconds: float) -> None:
        """Go on looking."""
        until = time.monotonic() + seconds
        self._several.until(lambda: time.monotonic() > until)


def typical(seconds: list[float]) -> float:
    """The one in the middle."""
    return round(median(seconds), 2)
