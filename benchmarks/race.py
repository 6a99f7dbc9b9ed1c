"""One measurement: from the start signal until every alert row is committed, then row by row against the oracle."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.engines import Engines
from benchmarks.process import Contender

Rows = dict[tuple[UUID, str, int], int]  # (student, month, level) -> half-days

POLL_S = 0.1
LIMIT_S = 600


class WrongResult(Exception):
    """The rows are not what the oracle says: speed means nothing."""


@dataclass
class Result:
    """How fast, and what it weighed."""

    events: int
    alerts: int
    seconds: float
    memory_mb: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)

    @property
    def events_per_s(self) -> float:
        """Events taken in and shown, each second."""
        return self.events / self.seconds

    def to_json(self) -> dict[str, Any]:
        """For the report."""
        return {**asdict(self), "events_per_s": round(self.events_per_s, 1), "seconds": round(self.seconds, 3)}


def run(
    engines: Engines,
    contenders: Sequence[Contender],
    database_url: str,
    table: str,
    expected: Rows,
    events: int,
    limit_s: float = LIMIT_S,
) -> Result:
    """Let them go, wait for `expected` to be in `table`, compare. Raises WrongResult. Leaves them running."""
    awaited = (len(expected), sum(expected.values()))
    with psycopg.connect(database_url, autocommit=True) as connection:
        before = engines.cpu_s()
        started = time.perf_counter()
        for contender in contenders:
            contender.go()
        seen: tuple[int, int] | None = None
        while seen != awaited:
            for contender in contenders:
                contender.check()
            if time.perf_counter() - started > limit_s:
                raise WrongResult(f"{seen} alerts and half-days in {table} after {limit_s} s, expected {awaited}")
            time.sleep(POLL_S)
            seen = _progress(connection, table)
        seconds = time.perf_counter() - started
        result = Result(events, len(expected), seconds)
        for contender in contenders:
            name = contender.module.rpartition(".")[2]
            result.memory_mb[name] = max(result.memory_mb.get(name, 0), round(contender.peak_mb(), 1))
            result.cpu_s[name] = round(result.cpu_s.get(name, 0) + contender.cpu_s(), 2)
        for name, used in engines.cpu_s().items():
            result.cpu_s[name] = round(used - before[name], 2)
        compare(rows_of(connection, table), expected)
    return result


def _progress(connection: psycopg.Connection[Any], table: str) -> tuple[int, int] | None:
    try:
        row = connection.execute(f"SELECT count(*), coalesce(sum(half_days), 0) FROM {table}").fetchone()
    except psycopg.errors.UndefinedTable:
        return None  # made by the peer itself when it starts
    assert row is not None
    return (int(row[0]), int(row[1]))


def rows_of(connection: psycopg.Connection[Any], table: str) -> Rows:
    """The alerts in a read model."""
    found = connection.execute(f"SELECT student_id, month, level, half_days FROM {table}").fetchall()
    rows = {(student, month, level): half_days for student, month, level, half_days in found}
    if len(rows) != len(found):
        raise WrongResult(f"{len(found) - len(rows)} alerts of {table} are there twice")
    return rows


def compare(found: Rows, expected: Rows) -> None:
    """Raises WrongResult, with counts, unless both are the same."""
    if found != expected:
        missing, more = expected.keys() - found.keys(), found.keys() - expected.keys()
        other = sum(1 for key in found.keys() & expected.keys() if found[key] != expected[key])
        raise WrongResult(f"{len(missing)} alerts missing, {len(more)} too many, {other} with another count")
