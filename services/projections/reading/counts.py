"""Figures of a territory. Read as the role that has no column to name anybody with."""

from services.projections.reading.readings import Reading, Row


def by_school(reading: Reading) -> list[Row]:
    """How many alerts in each school, level and state; what has none is left out."""
    return reading.cursor.execute(
        "SELECT uai, level, state, count(*) AS total FROM alerts WHERE uai = ANY(%s) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (reading.uais,),
    ).fetchall()


def by_month(reading: Reading) -> list[Row]:
    """How many alerts in each month and level, the latest month first."""
    return reading.cursor.execute(
        "SELECT month, level, count(*) AS total FROM alerts WHERE uai = ANY(%s) GROUP BY 1, 2 ORDER BY 1 DESC, 2",
        (reading.uais,),
    ).fetchall()
