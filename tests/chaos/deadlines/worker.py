"""One replica of the parcours service's alarm, as a process: `python -m tests.chaos.deadlines.worker '{...}'`."""

import asyncio
import json
import signal
import sys
from datetime import datetime, timedelta

from chassis import logs
from chassis.clock import Clock, SimulatedClock
from chassis.database import Database
from chassis.store import EventStore
from services.parcours import alarm, rules
from services.parcours.application import ParcoursService

# Nobody waits a second here to see whether something is due, or to begin again.
_LOOK_EVERY_S = 0.02
_PAUSE_S = 0.02


class Skewed:
    """The clock of a machine that is wrong: so many seconds ahead of the database's, or behind."""

    def __init__(self, clock: Clock, skew_s: float) -> None:
        self._clock = clock
        self._skew = timedelta(seconds=skew_s)

    def now(self) -> datetime:
        """What this machine believes."""
        return self._clock.now() + self._skew


def main() -> None:
    """Connect, wait for a line on stdin, ring until killed.

    People's acts would go by this machine's clock; what falls due goes by the database's, as `app.py` has it.
    """
    given = json.loads(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logs.configure(given["name"], "WARNING")
    alarm._PAUSE_S, alarm.BATCH = _PAUSE_S, given["batch"]
    database = Database(given["database"], "parcours")
    clock = SimulatedClock(database)
    service = ParcoursService(EventStore(database), Skewed(clock, given["skew_s"]), rules.load())
    clock.now()
    sys.stdin.readline()
    asyncio.run(alarm.Alarm(service, database, clock, lambda: None, _LOOK_EVERY_S).run())


if __name__ == "__main__":
    main()
