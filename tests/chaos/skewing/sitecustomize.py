"""On PYTHONPATH, makes the clock of every second replica wrong by CHAOS_SKEW_S: one ahead, one behind."""

import os
import time
from datetime import UTC, datetime, timedelta

_MEMBER = os.environ.get("PERSEVERANCE_MEMBER", "")
_SKEW_S = float(os.environ.get("CHAOS_SKEW_S", "0"))


def _be_wrong(skew_s: float) -> None:
    from chassis.clock import SystemClock

    def wrong(self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=skew_s)

    right = time.time
    time.time = lambda: right() + skew_s
    SystemClock.now = wrong  # type: ignore[method-assign]


if _SKEW_S and _MEMBER.endswith("-2"):
    _be_wrong(_SKEW_S if len(_MEMBER) % 2 else -_SKEW_S)
