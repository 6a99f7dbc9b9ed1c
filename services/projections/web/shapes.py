"""Rows of the read models as the API tells them."""

from collections.abc import Sequence
from typing import Any

from services.projections.reading.readings import Row
from services.projections.web.figures import Told

_AS_THEY_ARE = (
    "alert_id", "attendance_id", "student_id", "ine", "last_name", "first_name", "class_name", "uai", "level",
    "month", "school_year", "state", "half_days", "raised_at", "changed_at",
)  # fmt: skip


def alert(row: Row) -> dict[str, Any]:
    """An alert."""
    return {name: row[name] for name in _AS_THEY_ARE} | {
        "reached_on": {"date": row["reached_on"], "period": row["reached_at"]},
        "last_action": row["act"],
        "last_action_by": row["act_by"],
        "last_action_at": row["act_at"],
        "evidence": {"rule": row["rule"], "counted": row["counted"], "left_out": row["left_out"]},
    }


def parcours(row: Row) -> dict[str, Any]:
    """A parcours, with its gauge in one piece."""
    gauge = {
        "placement_days": row["placement_days"],
        "parcours_days": row["parcours_days"],
        "most": row["most_placement_days"],
    }
    return row | {"gauge": gauge if row["parcours_days"] is not None else None}


def happened(row: Row) -> dict[str, Any]:
    """An entry of a timeline."""
    return {name: value for name, value in row.items() if name != "on_day"} | {"on": row["on_day"]}


def counts_withheld(told: Told | None, by_month: Sequence[Row]) -> dict[str, Any]:
    """Figures for those far from pupils; none where nothing can be told."""
    if told is None:
        return {"by_school": [], "by_month": []}
    by_school = [{"uai": uai, "level": 1, "state": None, "total": total} for uai, total in told.items()]
    return {"by_school": by_school, "by_month": by_month}
