"""The services as they are put together, without being run: which readers they have, which relays, which tables.

Commands that look after a suite learn it from the services themselves, so that no list of theirs can be wrong.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import get_type_hints

from chassis.login import refusal
from chassis.service import Service
from chassis.settings import Settings, WrongSettings, load
from cli.errands import errand
from cli.errors import CliError, ExitCode
from cli.runtime import Suite
from contracts.catalogue import SERVICES
from contracts.permissions import OPERATIONS
from services import variables

_LOOK_AGAIN_S = 0.5


def services_of(suite: Suite, names: Sequence[str] = SERVICES) -> list[Service]:
    """The services of `suite`, put together but not started. Raises CliError when a setting is wrong."""
    ours = dict(os.environ)
    os.environ.update(suite.environment())  # settings are read from there, and nowhere else
    try:
        return [_build(name) for name in names]
    finally:
        os.environ.clear()
        os.environ.update(ours)


def _build(name: str) -> Service:
    build = import_module(f"services.{name}.app").build
    settings: type[Settings] = get_type_hints(build)["settings"]
    try:
        service: Service = build(load(settings, known=variables()))
    except WrongSettings as error:
        raise CliError("; ".join(error.faults), f"settings of {name}", ExitCode.SETTINGS) from None
    return service


@asynccontextmanager
async def connected(
    suite: Suite, names: Sequence[str] = SERVICES, *, patience_s: float = 0
) -> AsyncIterator[list[Service]]:
    """The services with their connections open, for as long as the block; nothing of theirs runs.

    Raises CliError (unreachable) when NATS or PostgreSQL is away, for longer than `patience_s`.
    """
    await _reach(suite, patience_s)
    services = services_of(suite, names)
    try:
        for service in services:
            await service.nats.connect()
        yield services
    finally:
        for service in services:
            await service.nats.close()
            service.database.close()


async def _reach(suite: Suite, patience_s: float) -> None:
    limit = time.monotonic() + patience_s
    while True:
        try:
            await check_reachable(suite)
        except CliError:
            if time.monotonic() > limit:
                raise
            await asyncio.sleep(_LOOK_AGAIN_S)
        else:
            return


async def check_reachable(suite: Suite) -> None:
    """Raises CliError (unreachable) when NATS or PostgreSQL does not answer within a few seconds."""
    import psycopg

    async with errand(suite, OPERATIONS, f"is the suite under {suite.data} up?"):
        pass
    try:
        connection = await suite.login.connect_async(connect_timeout=3)
        await connection.close()
    except psycopg.OperationalError as error:
        what, hint = "PostgreSQL does not answer", f"is the suite under {suite.data} up?"
        raise CliError(what, refusal(error) or hint, ExitCode.UNREACHABLE) from None
