"""Every service in turn from 1 replica to 16 and back, while schools send, people follow parcours and mails go out.

What is there in the end is judged by the checks of the chaos harness: each fact and each act has its effect once, in
order for its pupil, in streams, read models and mails.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks import memory
from benchmarks.engines import Engines
from benchmarks.scaling.inhabited import Inhabitants, draw_load, inhabited, judge
from benchmarks.scaling.replicas import Replicas
from benchmarks.scaling.steady import Steady
from contracts.catalogue import INTAKE
from tests.chaos.load import Load

STEPS = (1, 2, 5, 16, 5, 1)
FEED_PER_S = 50
_RENEWED_S = 4.0  # a relay goes to who joins when its owner next renews


@dataclass
class Step:
    """So many replicas: seconds until their shares were even, and what a replica has, at most and at least."""

    replicas: int
    even_after_s: float
    most: int
    least: int


@dataclass
class Walk:
    """One service from 1 to 16 and back; connections are those of one replica, at most."""

    service: str
    steps: list[Step] = field(default_factory=list)
    postgres: int = 0
    nats: int = 0
    busiest: int = 0  # readers and relays of one partition that fell to the same replica, of `single`
    single: int = 0


@dataclass
class Outcome:
    """What went in, acts on parcours that were done, and the alerts that stand: all of it as it must be.

    `again`: answers of any act or look that were 503, come again.
    """

    walks: list[Walk]
    events: int
    acts: int
    again: int
    alerts: int


def measure(engines: Engines, services: Sequence[str], seed: int) -> Outcome:
    """Walk `services` in turn beside one replica of each other. Raises WrongResult."""
    load = draw_load(seed)
    feed = ((memory.RAW_SUBJECT, said.json) for said in load.sent)
    with inhabited(engines, load.schools) as (house, suite):
        with Inhabitants(house, seed) as people, Steady(engines.nats_url, INTAKE.name, feed, FEED_PER_S) as steady:
            walks = [_walk(suite[name]) for name in services]
        if steady.sent == len(load.sent):
            raise RuntimeError("schools had nothing more to say before the walk was over")
        alerts = judge(house, Load(load.schools, load.sent[: steady.sent]), people)
    return Outcome(walks, steady.sent, people.done, people.again, alerts)


def _walk(replicas: Replicas) -> Walk:
    walk = Walk(replicas.service)
    for wanted in STEPS:
        seconds = replicas.to(wanted)
        shares = replicas.shares().values()
        sizes = [each[name] for each in shares for name in replicas.running if each.total() > 1]
        walk.steps.append(Step(wanted, round(seconds, 2), max(sizes, default=1), min(sizes, default=1)))
        if wanted == max(STEPS):
            time.sleep(_RENEWED_S)
            shares = replicas.shares().values()
            walk.postgres, walk.nats = replicas.postgres_connections(), replicas.nats_connections()
            owners = [owner for each in shares if each.total() == 1 for owner in each]
            walk.single = len(owners)
            walk.busiest = max((owners.count(owner) for owner in owners), default=0)
    return walk
