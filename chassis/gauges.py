"""Numbers that take a look at a server: found every few seconds beside the work, never because somebody scrapes.

What is not found any more is not shown any more: each look replaces all that the one before had found.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.logs import Log

log = Log("gauges")

EVERY_S = 10.0
_SHARE = 20
"""A look that takes long is taken more rarely: never more than one part in so many of the time."""
_SOON_S = 60.0
"""After a seldom look that failed; each time it fails again, twice as long."""
_SELDOM_S = (1.5 * 3600, 2.5 * 3600)  # not the same for all: replicas should not look at once


class Gauge(NamedTuple):
    """A metric, as it is called, what it says, and what tells its series apart."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


class Since(float):
    """A moment (seconds since the epoch): what is shown is how long ago it was."""


Series = Mapping[tuple[str, ...], float]
"""A value, or the moment it counts from, for each set of labels."""

Found = Mapping[Gauge, Series]


class Partly(dict[Gauge, Series]):
    """What was found by a look that had no answer from somebody: a seldom one is taken again soon."""


Look = Callable[[], Awaitable[Found]]

LOOK_AGE = Gauge(
    "perseverance_look_age_seconds",
    "How long ago the numbers of this look were found; it grows while a server they come from is away",
    ("service", "look"),
)


class _Board(Collector):
    """What all the looks of this process last found."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Found] = {}
        REGISTRY.register(self)

    def put(self, service: str, look: str, found: Found) -> None:
        self._found[service, look] = found

    def take_down(self, service: str, look: str) -> None:
        self._found.pop((service, look), None)

    def describe(self) -> Iterator[Metric]:
        yield from ()

    def collect(self) -> Iterator[Metric]:
        series: dict[Gauge, dict[tuple[str, ...], float]] = defaultdict(dict)
        for found in list(self._found.values()):
            for gauge, values in found.items():
                series[gauge].update(values)
        now = time.time()
        for gauge, values in series.items():
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in values.items():
                family.add_metric(labels, max(0.0, now - value) if isinstance(value, Since) else value)
            yield family


BOARD = _Board()


async def keep_looking(service: str, name: str, look: Look, *, seldom: bool = False) -> None:
    """Show what `look` finds, again and again, until cancelled. A look that fails leaves what was found before.

    `seldom`: for what changes in weeks, every other hour, and soon after a look that failed; the age of such numbers
    says nothing and is not shown.
    """
    failing, lacking = False, 0
    try:
        while True:
            started = time.monotonic()
            try:
                found = await look()
                age: Found = {} if seldom else {LOOK_AGE: {(service, name): Since(time.time())}}
                BOARD.put(service, name, {**found, **age})
                failing, lacking = False, lacking + 1 if isinstance(found, Partly) else 0
            except Exception as error:  # noqa: BLE001  (no number is worth stopping a service for)
                if not failing:
                    log.warning("gauges.not_found", look=name, cause=type(error).__name__)
                failing, lacking = True, lacking + 1
            often = max(EVERY_S, _SHARE * (time.monotonic() - started))
            await asyncio.sleep(_seldom(lacking) if seldom else often)
    finally:
        BOARD.take_down(service, name)


def _seldom(failed: int) -> float:
    """Seconds until a seldom look is taken again that has failed so many times in a row."""
    usual = random.uniform(*_SELDOM_S)  # noqa: S311
    return min(usual, _SOON_S * 2.0 ** min(failed - 1, 10)) if failed else usual
