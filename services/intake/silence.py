"""Schools that have gone silent: the worst failure is the one that looks like good news, no absence and no alert.

When each school was last heard is worked out from the ledger, a slice at a time and beside the work at the doors.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import islice

from chassis.clock import PARIS, Clock
from chassis.database import Database, Transaction
from chassis.gauges import Found, Gauge
from chassis.logs import Log
from chassis.looks import asked
from contracts.directory import School
from services.intake.calendar import SchoolCalendar

log = Log("intake.silence")

SILENT = Gauge(
    "perseverance_schools_silent",
    "Schools with pupils that have sent no fact for the number of school days that is set",
)
_DAY = timedelta(days=1)
_SLICE = 20_000
_FOLLOW = """
WITH place AS (SELECT position FROM heard_to FOR UPDATE SKIP LOCKED),
next AS (
    SELECT ledger.position, accepted_at, convert_from(payload, 'UTF8')::json #>> '{data,uai}' AS uai
    FROM ledger, place WHERE ledger.position > place.position ORDER BY ledger.position LIMIT %s
),
moved AS (UPDATE heard_to SET position = (SELECT max(position) FROM next) WHERE EXISTS (SELECT FROM next))
INSERT INTO heard (uai, last_at) SELECT uai, max(accepted_at) FROM next WHERE uai IS NOT NULL GROUP BY uai
ON CONFLICT (uai) DO UPDATE SET last_at = greatest(heard.last_at, excluded.last_at)
"""
_WITH_PUPILS = "SELECT uai, last_at FROM heard WHERE EXISTS (SELECT FROM register WHERE register.uai = heard.uai)"


def follow(tx: Transaction) -> None:
    """Note when schools were last heard, from the next facts of the ledger; nothing while another replica does."""
    tx.execute(_FOLLOW, (_SLICE,), prepare=True)


def last_heard(tx: Transaction) -> dict[str, datetime]:
    """When each school that has pupils in the register was last heard."""
    tx.execute(_WITH_PUPILS)
    return dict(tx.fetchall())


def silent(
    heard: Mapping[str, datetime], schools: Iterable[School], calendar: SchoolCalendar, today: date, after: int
) -> list[str]:
    """Those of `schools`, by UAI, of which nothing was heard for `after` whole days of class in their zone."""
    return sorted(
        school.uai
        for school in schools
        if school.uai in heard and _missed(heard[school.uai], school.zone, calendar, today, after) >= after
    )


def _missed(last: datetime, zone: str, calendar: SchoolCalendar, today: date, enough: int) -> int:
    """Days of class since the day of `last`, neither that day nor today included; no more than `enough` are counted."""
    day = last.astimezone(PARIS).date()
    days = (day + n * _DAY for n in range(1, (today - day).days))
    return sum(1 for _ in islice((each for each in days if calendar.objection(each, zone) is None), enough))


class Silence:
    """The look at which schools are silent; says which in the log whenever they change."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        schools: Callable[[], Iterable[School]],
        calendar: SchoolCalendar,
        after: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._schools = schools
        self._calendar = calendar
        self._after = after
        self._said: list[str] = []

    async def look(self) -> Found:
        """How many schools are silent."""
        heard = await asked(self._database, last_heard)
        today = (await asyncio.to_thread(self._clock.now)).astimezone(PARIS).date()
        now_silent = silent(heard, self._schools(), self._calendar, today, self._after)
        if now_silent != self._said:
            self._said = now_silent
            log.warning("schools.silent", school_days=self._after, schools=now_silent)
        return {SILENT: {(): len(now_silent)}}
