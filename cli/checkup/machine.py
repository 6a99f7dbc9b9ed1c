"""The machine: disk, clock, secrets, the supervisor, what the school calendar knows."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cli.checkup.findings import Finding, fail, ok, warn
from cli.runtime import SECRETS_FILE, Suite

_LEAST_FREE_BYTES = 1_000_000_000
_LEAST_FREE_SHARE = 0.05
_SKEW = timedelta(seconds=2)
_GIB = 2**30
_SERVERS = ("nats", "postgres")
"""Where those that `perseverance up` keeps have their files, under its data."""


def disk(suite: Suite) -> Iterator[Finding]:
    """Whether there is room where the servers of a suite on this machine write, if they are here at all.

    A full disk breaks a stream until NATS is restarted.
    """
    if not suite.pid or not any((suite.data / name).is_dir() for name in _SERVERS):
        yield ok("disk", "not looked at: no server of the suite keeps its files on this machine")
        return
    usage = shutil.disk_usage(suite.data)
    detail = f"{usage.free / _GIB:.1f} GiB free of {usage.total / _GIB:.0f}"
    if usage.free < _LEAST_FREE_BYTES or usage.free < usage.total * _LEAST_FREE_SHARE:
        yield fail("disk", detail, "free some space, then restart NATS if it refused messages meanwhile")
    else:
        yield ok("disk", detail)


def secrets(suite: Suite) -> Iterator[Finding]:
    """Whether secrets are readable by their owner alone."""
    path = suite.secrets_file or suite.data / SECRETS_FILE
    if not path.exists():
        yield ok("secrets", "none on this machine: services get theirs from their environment")
        return
    for place in (path, path.parent):
        loose = stat.S_IMODE(place.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
        if loose:
            remedy = f"chmod go-rwx {place}; make new secrets if others use this machine"
            yield fail("secrets", f"{place} can be opened by others", remedy)
            return
    yield ok("secrets", "readable by their owner alone")


def supervisor(suite: Suite) -> Iterator[Finding]:
    """Whether the process that keeps the suite up is there."""
    if not suite.pid:
        yield ok("supervisor", "none here: the suite was not started with `perseverance up`")
    elif _runs(suite.pid):
        yield ok("supervisor", f"process {suite.pid}, {suite.url}")
    else:
        yield fail("supervisor", f"process {suite.pid} is gone", f"perseverance up --data {suite.data}")


def clock(suite: Suite, database_now: datetime) -> Iterator[Finding]:
    """Whether this machine and the database agree on the time, and know the one of Paris."""
    skew = abs(database_now - datetime.now(UTC))
    if skew > _SKEW:
        yield fail("clock", f"{skew.total_seconds():.0f} s away from PostgreSQL's", "set both by NTP")
    elif suite.clock == "simulated":
        yield warn("clock", "services see a simulated time", "for demonstrations only: start `up` without --clock")
    else:
        yield ok("clock", f"in Paris it is {datetime.now(ZoneInfo('Europe/Paris')):%Y-%m-%d %H:%M}")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
