"""Alerts in sight: lists, one alert, its timeline, early warnings."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.projections.reading.filters import CLASS_NAME, PUPIL, AlertFilters, ApproachFilters
from services.projections.reading.readings import Reading, Row

_COLUMNS = f"""
a.alert_id, a.attendance_id, a.student_id, a.uai, a.level, a.month, a.school_year, a.state, a.half_days,
a.reached_on, a.reached_at, a.rule, a.counted, a.left_out, a.raised_at, a.changed_at, a.act, a.act_by, a.act_at,
i.ine, i.last_name, i.first_name, {CLASS_NAME} AS class_name
"""
SORTS = {
    "recentes": "a.raised_at DESC, a.alert_id DESC",
    "anciennes": "a.raised_at, a.alert_id",
    "eleve": "i.search NULLS LAST, a.alert_id",
    "classe": f"{CLASS_NAME} NULLS LAST, i.search NULLS LAST, a.alert_id",
    "demi-journees": "a.half_days DESC, i.search NULLS LAST, a.alert_id",
    "etablissement": "a.uai, i.search NULLS LAST, a.alert_id",
}


_TIMELINE = """
SELECT t.event_id, t.at, t.kind, t.by, t.half_days, t.detail, t.on_day FROM (
    SELECT alert_id, event_id, at, seq, kind, by, half_days, detail, on_day FROM timeline
    UNION ALL
    SELECT alert_id, raised_event, raised_at, -1, 'raised', NULL, raised_half_days, NULL, NULL FROM alerts
    UNION ALL
    SELECT alert_id, NULL, counted_at, 0, 'count_changed', NULL, half_days, NULL, NULL FROM alerts
    WHERE counted_at IS NOT NULL AND state <> 'lifted'  -- lifting tells the count itself
) t JOIN alerts a USING (alert_id)
WHERE t.alert_id = %(id)s AND a.uai = ANY(%(uais)s) ORDER BY t.at, t.seq
"""


class Place(NamedTuple):
    """Where a page of alerts ended: neither part of it ever changes for an alert."""

    raised_at: datetime
    alert_id: UUID


def page(reading: Reading, filters: AlertFilters, size: int, after: Place | None = None) -> list[Row]:
    """The next `size` alerts, the latest raised first, after `after`."""
    condition, parameters = filters.where(reading)
    if after:
        condition += " AND (a.raised_at, a.alert_id) < (%(raised_at)s, %(alert_id)s)"
        parameters |= after._asdict()
    return reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM alerts a {PUPIL} WHERE {condition} ORDER BY {SORTS['recentes']} LIMIT %(size)s",
        parameters | {"size": size},
    ).fetchall()


def table(reading: Reading, filters: AlertFilters, sort: str, size: int, skip: int = 0) -> list[Row]:
    """`size` alerts in the order of SORTS[`sort`], after the first `skip`."""
    condition, parameters = filters.where(reading)
    return reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM alerts a {PUPIL} WHERE {condition} ORDER BY {SORTS[sort]}"
        " LIMIT %(size)s OFFSET %(skip)s",
        parameters | {"size": size, "skip": skip},
    ).fetchall()


def each(reading: Reading, filters: AlertFilters, sort: str) -> Iterator[Row]:
    """Every alert, for an export."""
    condition, parameters = filters.where(reading)
    yield from reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM alerts a {PUPIL} WHERE {condition} ORDER BY {SORTS[sort]}", parameters
    )


def count(reading: Reading, filters: AlertFilters) -> int:
    """How many alerts."""
    condition, parameters = filters.where(reading)
    row = reading.cursor.execute(
        f"SELECT count(*) AS total FROM alerts a {PUPIL} WHERE {condition}", parameters
    ).fetchone()
    return int(row["total"]) if row else 0


def one(reading: Reading, alert_id: UUID) -> Row | None:
    """This alert, if it is in sight."""
    return reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM alerts a {PUPIL} WHERE a.alert_id = %(id)s AND a.uai = ANY(%(uais)s)",
        {"id": alert_id, "uais": reading.uais},
    ).fetchone()


def of_pupil(reading: Reading, student_id: UUID) -> list[Row]:
    """The alerts of a pupil that are in sight, the latest first."""
    return reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM alerts a {PUPIL} WHERE a.student_id = %(id)s AND a.uai = ANY(%(uais)s)"
        f" ORDER BY {SORTS['recentes']}",
        {"id": student_id, "uais": reading.uais},
    ).fetchall()


def timeline(reading: Reading, alert_id: UUID) -> list[Row]:
    """What happened to an alert, in order; the count as it now is among it, where it changed last."""
    return reading.cursor.execute(_TIMELINE, {"id": alert_id, "uais": reading.uais}).fetchall()


def shows(reading: Reading, alert_id: UUID, command_id: UUID) -> bool:
    """Whether the effect of a command on this alert is in the read model."""
    return bool(
        reading.cursor.execute(
            "SELECT 1 FROM timeline t JOIN alerts a USING (alert_id)"
            " WHERE alert_id = %s AND t.command_id = %s AND a.uai = ANY(%s)",
            (alert_id, command_id, reading.uais),
        ).fetchone()
    )


def classes(reading: Reading) -> Sequence[str]:
    """The classes that have alerts in sight."""
    rows = reading.cursor.execute(
        f"SELECT DISTINCT {CLASS_NAME} AS name FROM alerts a {PUPIL} WHERE a.uai = ANY(%s)"
        f" AND {CLASS_NAME} IS NOT NULL ORDER BY 1",
        (reading.uais,),
    ).fetchall()
    return [row["name"] for row in rows]


def months(reading: Reading) -> Sequence[str]:
    """The months that have alerts in sight, the latest first."""
    rows = reading.cursor.execute(
        "SELECT DISTINCT month FROM alerts WHERE uai = ANY(%s) ORDER BY month DESC", (reading.uais,)
    ).fetchall()
    return [row["month"] for row in rows]


def approach_months(reading: Reading) -> Sequence[str]:
    """The months that have early warnings in sight, the latest first."""
    rows = reading.cursor.execute(
        "SELECT DISTINCT month FROM approaching WHERE uai = ANY(%s) ORDER BY month DESC", (reading.uais,)
    ).fetchall()
    return [row["month"] for row in rows]


def approaching(reading: Reading, filters: ApproachFilters, size: int, skip: int = 0) -> list[Row]:
    """Pupils who were one half-day short of a level they do not have, the latest first."""
    condition, parameters = filters.where(reading)
    return reading.cursor.execute(
        f"SELECT a.student_id, a.uai, a.level, a.month, a.half_days, a.counted, a.left_out, a.rule, a.at,"
        f" i.ine, i.last_name, i.first_name, {CLASS_NAME} AS class_name"
        f" FROM approaching a {PUPIL} WHERE {condition}"
        " ORDER BY a.at DESC, a.student_id, a.level LIMIT %(size)s OFFSET %(skip)s",
        parameters | {"size": size, "skip": skip},
    ).fetchall()


def count_approaching(reading: Reading, filters: ApproachFilters) -> int:
    """How many of them."""
    condition, parameters = filters.where(reading)
    row = reading.cursor.execute(
        f"SELECT count(*) AS total FROM approaching a {PUPIL} WHERE {condition}", parameters
    ).fetchone()
    return int(row["total"]) if row else 0
