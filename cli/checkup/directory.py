"""Whether every school has somebody to tell: an alert about a pupil nobody receives helps nobody."""

from collections.abc import AsyncIterator, Iterable
from datetime import date

import nats.errors
from nats.js.errors import Error as JetStreamError

from chassis.clock import SystemClock, today
from chassis.nats import Nats
from cli.checkup.findings import Finding, ok, warn
from cli.directory_bucket import read_directory
from contracts.directory import Actor, Role, School

_WANTED = {Role.CHEF_ETAB: "head", Role.COORD_MLDS: "MLDS coordinator"}
_SHOWN = 3
_REMEDY = "`perseverance directory list` shows who is there; complete the file and `perseverance directory load` it"


async def coverage(nats_: Nats) -> AsyncIterator[Finding]:
    """Whether the directory holds schools, and each has a head and a coordinator now."""
    try:
        schools, actors = await read_directory(nats_.js)
    except (nats.errors.Error, JetStreamError, TimeoutError):
        yield warn("directory", "cannot be read now", "mend NATS first, then look again")
        return
    if not schools:
        yield warn(
            "directory", "empty: what schools send waits, or is to be sent again", "perseverance directory load --help"
        )
        return
    for role, name in _WANTED.items():
        without = uncovered(schools, actors, role, today(SystemClock()))
        if without:
            first = ", ".join(without[:_SHOWN]) + (" ..." if len(without) > _SHOWN else "")
            yield warn("directory", f"{len(without)} of {len(schools)} schools have no {name}: {first}", _REMEDY)
        else:
            yield ok("directory", f"each of {len(schools)} schools has its {name}")


def uncovered(schools: Iterable[School], actors: Iterable[Actor], role: Role, day: date) -> list[str]:
    """The schools, by UAI, for which nobody is in charge in `role` on `day`."""
    there = [actor for actor in actors if actor.role is role and actor.in_charge_on(day)]
    return sorted(school.uai for school in schools if not any(actor.covers(school) for actor in there))
