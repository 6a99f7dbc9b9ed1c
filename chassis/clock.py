"""What time it is. Everything that depends on time receives it from here, so tests and the simulator drive it."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from chassis.database import Database

PARIS = ZoneInfo("Europe/Paris")


class Clock(Protocol):
    """A source of aware UTC instants."""

    def now(self) -> datetime:
        """The present instant."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


class DatabaseClock:
    """The clock of the database server: the same for every replica, whatever their machines believe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """The present instant."""
        instant: datetime = self._database.rows("SELECT clock_timestamp()")[0][0]
        return instant.astimezone(UTC)


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, instant: datetime) -> None:
        self.set(instant)

    def now(self) -> datetime:
        """The instant last set."""
        return self._instant

    def set(self, instant: datetime) -> None:
        """Move to `instant`, which must be aware."""
        if instant.tzinfo is None:
            raise ValueError("an instant must carry its offset")
        self._instant = instant.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move on by `by`."""
        self.set(self._instant + by)


class SimulatedClock:
    """A clock kept in the database, that a simulator moves and every service reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """The instant last set, or the machine's if none was."""
        with self._database.transaction() as tx:
            row = tx.execute("SELECT instant FROM simulation.clock").fetchone()
        return row[0].astimezone(UTC) if row else datetime.now(UTC)

    def set(self, instant: datetime) -> None:
        """Move every service's clock to `instant`."""
        with self._database.transaction() as tx:
            tx.execute(
                "INSERT INTO simulation.clock (instant) VALUES (%s)"
                " ON CONFLICT (singleton) DO UPDATE SET instant = excluded.instant",
                (instant,),
            )


def today(clock: Clock) -> date:
    """The present day in France: 22:30 UTC on 30 June is already 1 July in Paris."""
    return clock.now().astimezone(PARIS).date()
