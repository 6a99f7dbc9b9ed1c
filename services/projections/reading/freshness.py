"""How far in time the read models have come."""

from datetime import datetime

from services.projections.reading.readings import Reading


def latest(reading: Reading) -> datetime | None:
    """The instant of the last fact that reached the alerts or the journal, or None before the first."""
    row = reading.cursor.execute("SELECT max(at) AS at FROM freshness").fetchone()
    return row["at"] if row else None
