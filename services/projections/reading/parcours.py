"""Parcours in sight: lists, one parcours, its timeline and its placements."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from contracts.parcours import ParcoursState
from services.projections.reading.filters import CLASS_SHOWN, IDENTITY, ParcoursFilters
from services.projections.reading.readings import Reading, Row
from services.projections.scope import Sees

SOON = timedelta(days=30)
"""A parcours that ends within this time expires soon."""
RUNNING = (ParcoursState.OPEN.value, ParcoursState.SUSPENDED.value)
SORTS = {
    "fin": "a.ends_on NULLS LAST, i.search NULLS LAST, a.parcours_id",
    "recents": "a.began_at DESC, a.parcours_id DESC",
    "eleve": "i.search NULLS LAST, a.parcours_id",
    "etablissement": "a.uai, i.search NULLS LAST, a.parcours_id",
}
_COLUMNS = f"""
a.parcours_id, a.student_id, a.uai, a.scheme, a.state, a.began_at, a.changed_at, a.proposed_at, a.opened_at,
a.starts_on, a.ends_on, a.last_day, a.next_review_on, a.suspended_since, a.referent_id, a.partners, a.placement_days,
a.parcours_days, a.most_placement_days, a.cautions, a.rule, a.outcome, a.closed_on,
i.ine, i.last_name, i.first_name, {CLASS_SHOWN} AS class_name
"""


class Place(NamedTuple):
    """Where a page of parcours ended: neither part of it ever changes for a parcours."""

    began_at: datetime
    parcours_id: UUID


def page(reading: Reading, filters: ParcoursFilters, size: int, after: Place | None = None) -> list[Row]:
    """The next `size` parcours, the latest begun first, after `after`."""
    condition, parameters = filters.where(reading)
    if after:
        condition += " AND (a.began_at, a.parcours_id) < (%(began_at)s, %(parcours_id)s)"
        parameters |= after._asdict()
    return _rows(reading, condition, parameters, "recents", size)


def table(reading: Reading, filters: ParcoursFilters, sort: str, size: int, skip: int = 0) -> list[Row]:
    """`size` parcours in the order of SORTS[`sort`], after the first `skip`."""
    condition, parameters = filters.where(reading)
    return _rows(reading, condition, parameters, sort, size, skip)


def count(reading: Reading, filters: ParcoursFilters) -> int:
    """How many parcours."""
    condition, parameters = filters.where(reading)
    row = reading.cursor.execute(
        f"SELECT count(*) AS total FROM parcours a {IDENTITY} WHERE {condition}", parameters
    ).fetchone()
    return int(row["total"]) if row else 0


def one(reading: Reading, parcours_id: UUID) -> Row | None:
    """This parcours, if it is in sight."""
    found = _rows(reading, f"{_IN_SIGHT} AND a.parcours_id = %(id)s", _parameters(reading, parcours_id), "recents", 1)
    return found[0] if found else None


def of_pupil(reading: Reading, student_id: UUID) -> list[Row]:
    """The parcours of a pupil that are in sight, the latest begun first."""
    return _rows(reading, f"{_IN_SIGHT} AND a.student_id = %(id)s", _parameters(reading, student_id), "recents")


def of_alert(reading: Reading, alert_id: UUID) -> list[Row]:
    """The parcours that came of an alert, the latest begun first."""
    if reading.scope.sees is Sees.PARCOURS:
        return []
    return _rows(reading, f"{_IN_SIGHT} AND a.alert_id = %(id)s", _parameters(reading, alert_id), "recents")


def timeline(reading: Reading, parcours_id: UUID) -> list[Row]:
    """What happened to a parcours, in order.

    Each row: event_id, at, kind, by, why (both None where nobody did it) and detail, a dict of what the contract
    event says beside: `{"starts_on": ..., "gauge": {...}}`, days as text.
    """
    return reading.cursor.execute(
        "SELECT t.event_id, t.at, t.kind, t.by, t.why, t.detail FROM parcours_timeline t"
        " JOIN parcours a USING (parcours_id) WHERE t.parcours_id = %s AND a.uai = ANY(%s) ORDER BY t.at, t.seq",
        (parcours_id, reading.uais),
    ).fetchall()


def placements(reading: Reading, parcours_id: UUID) -> list[Row]:
    """The periods in a company that are planned (placement_id, first, last), the earliest first."""
    return reading.cursor.execute(
        "SELECT p.placement_id, p.first, p.last FROM placements p JOIN parcours a USING (parcours_id)"
        " WHERE p.parcours_id = %s AND a.uai = ANY(%s) ORDER BY p.first, p.placement_id",
        (parcours_id, reading.uais),
    ).fetchall()


def shows(reading: Reading, about_id: UUID, command_id: UUID) -> bool:
    """Whether the effect of a command on this parcours is in the read model."""
    return bool(
        reading.cursor.execute(
            "SELECT 1 FROM parcours_timeline t JOIN parcours a USING (parcours_id)"
            " WHERE t.parcours_id = %s AND t.command_id = %s AND a.uai = ANY(%s)",
            (about_id, command_id, reading.uais),
        ).fetchone()
    )


class Counts(NamedTuple):
    """How many parcours of a territory: in each state (all of them named), ending soon, with a review to hold."""

    by_state: dict[str, int]
    ending: int
    to_review: int


def counts_by_state(reading: Reading, today: date) -> Counts:
    """Figures that name nobody: the role that counts may ask for them too.

    `ending`: open or suspended, and over within 30 days. `to_review`: running, and a review was due before today.
    """
    rows = reading.cursor.execute(
        "SELECT state, count(*) AS total, count(*) FILTER (WHERE state = ANY(%(running)s) AND ends_on <= %(soon)s)"
        " AS ending, count(*) FILTER (WHERE state = 'open' AND next_review_on < %(today)s) AS to_review"
        " FROM parcours WHERE uai = ANY(%(uais)s) GROUP BY state",
        {"uais": reading.uais, "running": list(RUNNING), "soon": today + SOON, "today": today},
    ).fetchall()
    by_state = {state.value: 0 for state in ParcoursState} | {row["state"]: row["total"] for row in rows}
    return Counts(by_state, sum(row["ending"] for row in rows), sum(row["to_review"] for row in rows))


_IN_SIGHT = "a.uai = ANY(%(uais)s)"


def _parameters(reading: Reading, wanted: UUID) -> dict[str, Any]:
    return {"id": wanted, "uais": reading.uais}


def _rows(
    reading: Reading, condition: str, parameters: dict[str, Any], sort: str, size: int | None = None, skip: int = 0
) -> list[Row]:
    # Partners have no right to the alert and the meeting it came from; the row has the same keys for all.
    partner = reading.scope.sees is Sees.PARCOURS
    origin = "NULL::uuid AS alert_id, NULL::date AS gpds_on" if partner else "a.alert_id, a.gpds_on"
    return reading.cursor.execute(
        f"SELECT {_COLUMNS}, {origin} FROM parcours a {IDENTITY} WHERE {condition} ORDER BY {SORTS[sort]}"
        " LIMIT %(size)s OFFSET %(skip)s",
        parameters | {"size": size, "skip": skip},
    ).fetchall()
