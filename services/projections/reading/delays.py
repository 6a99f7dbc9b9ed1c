"""Delays the law gives, in sight: lists, one delay, its timeline."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.projections.reading.filters import CLASS_SHOWN, IDENTITY, DelayFilters
from services.projections.reading.readings import Reading, Row

SORTS = {
    "fin": "a.until, i.search NULLS LAST, a.delay_id",
    "recents": "a.started_at DESC, a.delay_id DESC",
    "eleve": "i.search NULLS LAST, a.delay_id",
    "etablissement": "a.uai, i.search NULLS LAST, a.delay_id",
}
_COLUMNS = f"""
a.delay_id, a.student_id, a.uai, a.kind, a.since, a.until, a.state, a.rule, a.started_at, a.started_by, a.changed_at,
a.ended_at, a.ended_by, a.done, i.ine, i.last_name, i.first_name, {CLASS_SHOWN} AS class_name
"""


class Place(NamedTuple):
    """Where a page of delays ended: neither part of it ever changes for a delay."""

    started_at: datetime
    delay_id: UUID


def page(reading: Reading, filters: DelayFilters, size: int, after: Place | None = None) -> list[Row]:
    """The next `size` delays, the latest started first, after `after`."""
    condition, parameters = filters.where(reading)
    if after:
        condition += " AND (a.started_at, a.delay_id) < (%(started_at)s, %(delay_id)s)"
        parameters |= after._asdict()
    return _rows(reading, condition, parameters, "recents", size)


def table(reading: Reading, filters: DelayFilters, sort: str, size: int, skip: int = 0) -> list[Row]:
    """`size` delays in the order of SORTS[`sort`], after the first `skip`."""
    condition, parameters = filters.where(reading)
    return _rows(reading, condition, parameters, sort, size, skip)


def count(reading: Reading, filters: DelayFilters) -> int:
    """How many delays."""
    condition, parameters = filters.where(reading)
    row = reading.cursor.execute(
        f"SELECT count(*) AS total FROM delays a {IDENTITY} WHERE {condition}", parameters
    ).fetchone()
    return int(row["total"]) if row else 0


def one(reading: Reading, delay_id: UUID) -> Row | None:
    """This delay, if it is in sight."""
    found = _rows(reading, "a.uai = ANY(%(uais)s) AND a.delay_id = %(id)s", _parameters(reading, delay_id), "recents")
    return found[0] if found else None


def of_pupil(reading: Reading, student_id: UUID) -> list[Row]:
    """The delays of a pupil that are in sight, the latest started first."""
    return _rows(
        reading, "a.uai = ANY(%(uais)s) AND a.student_id = %(id)s", _parameters(reading, student_id), "recents"
    )


def timeline(reading: Reading, delay_id: UUID) -> list[Row]:
    """What happened to a delay, in order; the rows are as those of a parcours."""
    return reading.cursor.execute(
        "SELECT t.event_id, t.at, t.kind, t.by, t.why, t.detail FROM delay_timeline t JOIN delays a USING (delay_id)"
        " WHERE t.delay_id = %s AND a.uai = ANY(%s) ORDER BY t.at, t.seq",
        (delay_id, reading.uais),
    ).fetchall()


def shows(reading: Reading, about_id: UUID, command_id: UUID) -> bool:
    """Whether the effect of a command on this delay is in the read model."""
    return bool(
        reading.cursor.execute(
            "SELECT 1 FROM delay_timeline t JOIN delays a USING (delay_id)"
            " WHERE t.delay_id = %s AND t.command_id = %s AND a.uai = ANY(%s)",
            (about_id, command_id, reading.uais),
        ).fetchone()
    )


def _parameters(reading: Reading, wanted: UUID) -> dict[str, Any]:
    return {"id": wanted, "uais": reading.uais}


def _rows(
    reading: Reading, condition: str, parameters: dict[str, Any], sort: str, size: int | None = None, skip: int = 0
) -> list[Row]:
    return reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM delays a {IDENTITY} WHERE {condition} ORDER BY {SORTS[sort]}"
        " LIMIT %(size)s OFFSET %(skip)s",
        parameters | {"size": size, "skip": skip},
    ).fetchall()
