"""Catching up on deadlines that fell due while nobody was there, beside firing them one by one."""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from benchmarks.contenders import provision
from benchmarks.engines import Engines
from benchmarks.peers import es_deadlines
from benchmarks.process import alone
from benchmarks.race import WrongResult
from chassis.clock import FixedClock
from chassis.database import Database
from chassis.store import EventStore
from chassis.tuning import tune
from services.parcours import rules
from services.parcours.alarm import Alarm
from services.parcours.application import ParcoursService
from tests.chaos.deadlines.cohort import OPENED_AT, Opened, draw, plant

TARGET_PER_S = 2_000
_ENDS = (31, 36)  # days after the opening: all reminders are to come then
_BACK_AFTER = timedelta(37)  # everything about parcours is due, and nobody asks for an outcome yet
_MORE = 1.03  # a few delays are longer than that
_FIRED = ("Expiring", "Expired", "ReviewOverdue", "DelayApproaching", "DelayReached")


@dataclass(frozen=True)
class CatchUp:
    """Speeds in deadlines a second, of one worker each."""

    deadlines: int
    per_s: float
    one_by_one: int
    one_by_one_per_s: float
    ratio: float


def measure(engines: Engines, deadlines: int, one_by_one: int, seed: int) -> CatchUp:
    """Ours on `deadlines` due deadlines or a few more, theirs on the first `one_by_one` of them. Raises WrongResult."""
    database_url, now = provision(engines, "deadlines"), OPENED_AT + _BACK_AFTER
    _plant(database_url, round(deadlines * _MORE), seed)
    fired, seconds = alone(_catch_up, database_url, now)
    _check(database_url, fired, now)
    peer_url = engines.fresh("peer_deadlines")
    _plant_peer(peer_url, one_by_one, seed, now)
    theirs, their_seconds = alone(es_deadlines.catch_up, peer_url, now)
    ours_per_s, theirs_per_s = fired / seconds, theirs / their_seconds
    return CatchUp(fired, round(ours_per_s, 1), theirs, round(theirs_per_s, 1), round(ours_per_s / theirs_per_s, 1))


def _draw_end(rng: random.Random) -> int:
    return rng.randint(*_ENDS)


def _plant(database_url: str, count: int, seed: int) -> None:
    owner = Database(database_url, "parcours", role="")
    store = EventStore(owner)
    plant(store, count, seed, _draw_end)
    store.close()
    owner.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _plant_peer(database_url: str, count: int, seed: int, now: datetime) -> None:
    """The same deadlines, those that are due."""
    several, planted = [], 0
    for opened in draw(seed, _draw_end):
        due = _due(opened, now)
        several.append(due)
        planted += len(due)
        if planted >= count:
            break
    es_deadlines.plant(database_url, several)


def _due(opened: Opened, now: datetime) -> dict[str, datetime]:
    return {each.kind: each.due_at for each in opened.deadlines if each.due_at <= now}


def _catch_up(database_url: str, now: datetime) -> tuple[int, float]:
    """Ring until nothing is due, as one replica of the service does; how many deadlines, and the seconds."""
    tune()
    database, clock, fired = Database(database_url, "parcours"), FixedClock(now), 0
    store = EventStore(database)
    alarm = Alarm(ParcoursService(store, clock, rules.load()), database, clock, lambda: None)
    started = time.perf_counter()
    while taken := alarm.ring():
        fired += taken
    seconds = time.perf_counter() - started
    store.close()
    database.close()
    return fired, seconds


def _check(database_url: str, fired: int, now: datetime) -> None:
    """Each that was due has its one event, and none is left."""
    topics = [f"parcours.{name}.1" for name in _FIRED]
    with psycopg.connect(database_url, options="-c search_path=parcours") as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM stored_events WHERE topic = ANY(%s)),"
            " (SELECT count(*) FROM deadlines WHERE fired_at IS NULL AND due_at <= %s)",
            (topics, now),
        ).fetchone()
    if row != (fired, 0):
        raise WrongResult(f"{fired} deadlines taken; events, and deadlines still due: {row}")
