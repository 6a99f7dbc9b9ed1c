"""Another process that reads stretches for a rebuild: one interpreter keeps no more than one processor busy.

It is told on its standard input, and answers on its standard output, a line of JSON each: what it is to work on, then
stretches to read and to write in turn. It ends when its input does, so that it does not outlive whom it helps.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import uvloop

from chassis.credentials import Credentials
from chassis.database import Database
from chassis.login import Login
from chassis.nats import Nats
from chassis.positions import Position
from chassis.tuning import tune
from services.projections.catalogue import READ_MODELS, Feed
from services.projections.loading.hands import OwnHand, Reached, Unreadable
from services.projections.stores import generations

_PATIENCE_S = 10


class HelperFailed(Exception):
    """A process that helped ended or met an error, of which this names the kind: nothing was switched."""


_KNOWN: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (
        psycopg.OperationalError,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.LockNotAvailable,
        TimeoutError,
    )
}
"""Whoever is helped knows what to do about these, whichever process meets them."""


class Helper:
    """The process, as whom it helps sees it. A Hand."""

    def __init__(self, feed: Feed, process: asyncio.subprocess.Process) -> None:
        self._feed = feed
        self._process = process

    async def fold(self, after: int, until: int, at_most: int) -> Reached:
        """See Hand."""
        said = await self._ask({"after": after, "until": until, "at_most": at_most})
        return Reached(Position(said["seq"], said["msg_id"]), said["facts"])

    async def write(self) -> None:
        """See Hand."""
        await self._ask({"write": True})

    def tell(self, said: dict[str, Any]) -> None:
        """Say something without waiting for an answer."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(said).encode() + b"\n")

    async def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdout
        # Then there is no answer either. RuntimeError is uvloop's, of a pipe that it has closed.
        with suppress(ConnectionError, RuntimeError):
            self.tell(order)
        line = await self._process.stdout.readline()
        if not line:
            raise HelperFailed("it ended")
        said: dict[str, Any] = json.loads(line)
        if "unreadable" in said:
            raise Unreadable(self._feed.reader, said["unreadable"], said["reason"])
        if "failed" in said:
            raise _KNOWN.get(said["failed"], HelperFailed)(said["failed"])
        return said


def _job(feed: Feed, nats: Nats, login: Login) -> dict[str, Any]:
    nkey, authorities = nats.credentials.nkey_file, nats.credentials.ca_file
    return {
        "reader": feed.reader,
        "nats": nats.url,
        "nkey_file": nkey and str(nkey),
        "ca_file": authorities and str(authorities),
        "inbox": nats.credentials.inbox,
        "database": login.url,
        "password_file": login.password_file and str(login.password_file),
    }


@asynccontextmanager
async def helping(feed: Feed, nats: Nats, login: Login) -> AsyncIterator[Helper]:
    """A process that helps, as soon as it is there; at the end it is let go, and has gone."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # what is installed, not what lies where somebody happens to be
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # who interrupts a rebuild at a terminal interrupts the one who gives the orders
        )
    except OSError as error:
        raise HelperFailed(f"it could not be started: {error.strerror}") from None
    assert process.stdin
    try:
        helper = Helper(feed, process)
        helper.tell(_job(feed, nats, login))
        yield helper
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


# -- in the process itself


async def _help() -> None:
    job = await _hear()
    if job is None:
        return
    (feed,) = (feed for model in READ_MODELS for feed in model.feeds if feed.reader == job["reader"])
    login = Login(job["database"], _path(job["password_file"]))
    credentials = Credentials(_path(job["nkey_file"]), _path(job["ca_file"]), job["inbox"])
    nats = Nats(job["nats"], "rebuild-helper", credentials=credentials)
    database = Database(login, generations.LIVE, role="", pool_size=1)
    guard = await asyncio.to_thread(lambda: login.connect(autocommit=True, connect_timeout=_PATIENCE_S))
    try:
        await asyncio.to_thread(generations.help_along, guard)
        async with asyncio.timeout(_PATIENCE_S):  # by itself it would try for ever, and nobody would know
            await nats.connect()
        hand = OwnHand(feed, nats, database, fast=True)
        while order := await _hear():
            _say(await _obey(hand, order))
    finally:
        await nats.close()
        await asyncio.to_thread(database.close)
        await asyncio.to_thread(generations.help_no_more, guard)


async def _obey(hand: OwnHand, order: dict[str, Any]) -> dict[str, Any]:
    if "write" in order:
        await hand.write()
        return {}
    reached = await hand.fold(order["after"], order["until"], order["at_most"])
    return {"seq": reached.at.seq, "msg_id": reached.at.msg_id, "facts": reached.facts}


async def _hear() -> dict[str, Any] | None:
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


def _say(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _last_words(said: dict[str, Any]) -> None:
    with suppress(OSError):  # nobody listens any more
        _say(said)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def main() -> int:
    """Help until told no more. An error is told by its kind: its text may quote what a row or a message holds."""
    tune()
    try:
        uvloop.run(_help())
    except Unreadable as error:
        _last_words({"unreadable": error.seq, "reason": error.reason})
    except Exception as error:  # noqa: BLE001  (whoever is helped must hear of it)
        _last_words({"failed": type(error).__name__})
    else:
        return 0
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
