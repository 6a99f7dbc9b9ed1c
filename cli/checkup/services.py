"""The services: whether they answer, whether they keep up, and what they put aside."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import LiteralString

import httpx

from chassis import quarantine
from chassis.clock import SimulatedClock
from chassis.service import Service
from cli.checkup import numbers, versions
from cli.checkup.addresses import SETTING, addresses, unnamed
from cli.checkup.findings import Finding, fail, ok, warn
from cli.checkup.numbers import Samples
from cli.drain import Drain
from cli.errors import CliError
from cli.runtime import Suite

_LATE = (
    "SELECT count(*), extract(epoch FROM clock_timestamp() - min(due_at))::bigint FROM deadlines"
    " WHERE fired_at IS NULL AND due_at < clock_timestamp()"
)
_LATE_MAIL = f"{_LATE} AND kind IN ('send', 'attempt-lost')"
_LATE_S = 900
_ALIVE_S = 5.0
_ANSWER_S = 15.0  # a service that waits for a frozen server takes a while to say so
_UNOWNED = (
    "SELECT count(*) FROM generate_series(0, %s - 1) AS wanted WHERE NOT EXISTS"
    " (SELECT FROM leases JOIN members ON members.consumer = leases.consumer AND member = owner"
    " WHERE leases.consumer = %s AND partition = wanted AND members.until > clock_timestamp())"
)


async def probes(suite: Suite, given: str = "") -> AsyncIterator[Finding]:
    """Whether each service says it is ready, what it lacks if it is not, and what its numbers say.

    `given`: where they listen, if somebody said.
    """
    try:
        known = addresses(suite, given)
    except CliError as error:
        yield fail("services", error.message, error.hint)
        return
    if missing := unnamed(known):
        detail = f"where {', '.join(missing)} listen is not known here, so neither /ready nor numbers are looked at"
        yield warn("services", detail, f"set {SETTING}: docs/operations.md, Bad input")
    async with httpx.AsyncClient(timeout=_ANSWER_S, trust_env=False) as client:
        asked = (_ask(client, address) for address in known.values())
        answers = dict(zip(known, await asyncio.gather(*asked), strict=True))
    for name, (ready, _) in answers.items():
        log = "read its log" if given else f"read {suite.data / 'log' / name}.log"
        if ready is None:
            yield fail(name, "does not answer", f"is it at {known[name]}? {log}" if given else log)
        elif ready.status_code == httpx.codes.OK:
            yield ok(name, "ready")
        else:
            yield _not_ready(name, ready.text.splitlines() or [f"answers {ready.status_code}"], log)
    pages = {name: shown for name, (_, shown) in answers.items() if shown is not None}
    for finding in (*versions.compare(pages), *numbers.judge(pages)):
        yield finding


async def _ask(client: httpx.AsyncClient, address: str) -> tuple[httpx.Response | None, Samples | None]:
    """What a service says on /ready and shows on /metrics, as far as it answers."""
    ready, shown = None, None
    with contextlib.suppress(httpx.TransportError, httpx.InvalidURL, ValueError):
        # This asks no server: whoever does not answer it is not worth a long wait.
        await client.get(f"{address}/live", timeout=_ALIVE_S)
        ready = await client.get(f"{address}/ready")
        shown = numbers.read((await client.get(f"{address}/metrics")).text)
    return ready, shown


def _not_ready(name: str, lacking: list[str], log: str) -> Finding:
    """The first thing it lacks is usually the cause of the others."""
    first, _, remedy = lacking[0].rpartition(": ")
    more = f" (and {len(lacking) - 1} more on its /ready)" if len(lacking) > 1 else ""
    return fail(name, f"not ready: {first or lacking[0]}{more}", remedy if first else log)


async def backlog(services: list[Service]) -> AsyncIterator[Finding]:
    """What is left to read, to decide, to publish and to send now."""
    behind = await Drain(services).behind()
    for entry in behind:
        yield warn("backlog", str(entry), "normal under load: perseverance wait --timeout 60 returns when it is gone")
    if not behind:
        yield ok("backlog", "nothing left to read, to decide, to publish or to send")


def ownership(service: Service) -> Iterator[Finding]:
    """Whether every partition of every reader is read by someone."""
    for reader in service.readers:
        with service.database.transaction() as tx:
            row = tx.execute(_UNOWNED, (reader.source.partitions, reader.name)).fetchone()
        assert row is not None
        if row[0]:
            detail = f"{row[0]} of {reader.source.partitions} partitions are read by nobody"
            yield fail(f"reader {reader.name}", detail, f"start {service.name}: nobody holds its leases")
        else:
            yield ok(f"reader {reader.name}", f"{reader.source.partitions} partitions, all read")


def put_aside(service: Service) -> Iterator[Finding]:
    """Whether something waits in quarantine for someone to decide."""
    with service.database.transaction() as tx:
        held = quarantine.held(tx)
    if held:
        keys = len({entry.message.key for entry in held})
        yield fail(
            f"quarantine of {service.name}",
            f"{len(held)} messages about {keys} keys, since {min(e.since for e in held):%Y-%m-%d %H:%M}",
            f"perseverance quarantine list --service {service.name}",
        )
    else:
        yield ok(f"quarantine of {service.name}", "empty")


def late_mail(service: Service) -> Iterator[Finding]:
    """Whether e-mails wait long past the time they were due."""
    remedy = "is the mail relay there? see PERSEVERANCE_SMTP_HOST and the journal of e-mails"
    yield _lateness(service, "mail", _LATE_MAIL, remedy)


def late_deadlines(service: Service) -> Iterator[Finding]:
    """Whether deadlines wait long past the instant they were due."""
    # Whoever moves a simulated clock makes them late by days at once: the backlog tells those that are due.
    if not isinstance(service.clock, SimulatedClock):
        yield _lateness(service, "deadlines", _LATE, f"is {service.name} running? read its log")


def _lateness(service: Service, check: str, query: LiteralString, remedy: str) -> Finding:
    with service.database.transaction() as tx:
        row = tx.execute(query).fetchone()
    count, seconds = row or (0, 0)
    if count and seconds > _LATE_S:
        return fail(check, f"{count} due, the oldest for {seconds // 60} minutes", remedy)
    return ok(check, "none late")


_OWN: dict[str, Callable[[Service], Iterator[Finding]]] = {"notifications": late_mail, "parcours": late_deadlines}


def about(service: Service) -> list[Finding]:
    """Everything the database says of one service. Synchronous."""
    own = _OWN[service.name](service) if service.name in _OWN else ()
    return [*ownership(service), *put_aside(service), *own]
