"""Handling again what a service had put aside, by the service's own handler, with its own guarantees."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from chassis import quarantine
from chassis.messages import Unprocessable
from chassis.quarantine import Held
from chassis.reader import Reader
from chassis.service import Service
from cli.errors import CliError
from cli.runtime import Suite
from cli.wiring import connected
from contracts.catalogue import buckets_of

_READ_LIMIT_S = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many messages of the key took effect, how many are still kept, and why the first of those is."""

    replayed: int
    left: int
    reason: str = ""


async def replay_key(suite: Suite, service_name: str, entry_id: int) -> Outcome | None:
    """Replay, oldest first, everything kept about the key of this entry; None when there is no such entry."""
    async with connected(suite, [service_name]) as services:
        service = services[0]
        async with _reference_data(service):
            return await asyncio.to_thread(_replay_key, service, entry_id)


@asynccontextmanager
async def _reference_data(service: Service) -> AsyncIterator[None]:
    """The directory in memory, for handlers that look things up in it; nothing else of the service runs."""
    if unknown := {bucket.name for bucket in buckets_of(service.name)} - service.references.keys():
        # Handled without it, a message would be about a school that nobody knows and people that are not there.
        raise CliError(f"{service.name} does not say when {', '.join(unknown)} is read", "nothing was replayed")
    readings = [asyncio.ensure_future(run()) for run, _ in service.references.values()]
    try:
        async with asyncio.timeout(_READ_LIMIT_S):
            while not all(loaded() for _, loaded in service.references.values()):  # noqa: ASYNC110  (a check is a question, not an event)
                await asyncio.sleep(0.02)
        yield
    except TimeoutError:
        raise CliError("the directory cannot be read", "is NATS up? see `perseverance doctor`") from None
    finally:
        for reading in readings:
            reading.cancel()


def _replay_key(service: Service, entry_id: int) -> Outcome | None:
    with service.database.transaction() as tx:
        asked = next(iter(quarantine.held(tx, entry_id=entry_id)), None)
    if asked is None:
        return None
    reader = next((reader for reader in service.readers if reader.name == asked.consumer), None)
    if reader is None:
        raise CliError(f"{service.name} has no reader {asked.consumer} any more", "drop the entry, or bring it back")
    replayed = 0
    while kept := _of_key(service, asked):
        reason = _replay(service, reader, kept[0])
        if reason:
            return Outcome(replayed, len(kept), reason)
        replayed += 1
    return Outcome(replayed, 0)


def _of_key(service: Service, asked: Held) -> list[Held]:
    with service.database.transaction() as tx:
        held = quarantine.held(tx, asked.consumer)
    # One that shows no key stands alone.
    key = asked.message.key
    same = [kept for kept in held if kept.id == asked.id or (key and kept.message.key == key)]
    return sorted(same, key=lambda kept: kept.message.seq)


def _replay(service: Service, reader: Reader[Any], kept: Held) -> str:
    """The effect and the end of the quarantine in one transaction; the reason when it fails again."""
    try:
        with service.database.transaction() as tx:
            quarantine.hold(tx, kept.consumer)
            if not quarantine.held(tx, entry_id=kept.id):
                return ""  # somebody else replayed or dropped it
            reader.handler.handle(tx, [reader.handler.decode(kept.message)])
            quarantine.drop(tx, kept.id)
    except Unprocessable as error:
        return error.reason
    except Exception as error:  # noqa: BLE001  (whatever it provokes: its text may quote the message)
        reader.handler.forget()
        return type(error).__name__
    return ""
