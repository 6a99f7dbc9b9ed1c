"""Programs the tests run as processes of their own, to kill, stop and continue them for real.

`python -m tests.real.chassis.programs reader '{"nats": ..., "database": ..., ...}'`. A failpoint is an argument:
the program kills (or stops) itself at that very place, as a crash there would.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nats.js.errors import APIError

from chassis import deadlines, leases, membership, window
from chassis import relay as relay_module
from chassis.database import Database, Transaction
from chassis.membership import Membership
from chassis.nats import Nats, NatsClient
from chassis.reader import Reader
from chassis.relay import Page, Relay
from chassis.window import ChainBroken, Outgoing
from tests.real.chassis.trial import NOON, SCHEMA, SOURCE, TRIAL, Item, Keep, Numbers

_HERE = Path(__file__).parents[3]


def launch(program: str, **arguments: Any) -> "subprocess.Popen[bytes]":
    """Start one of the programs below."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.real.chassis.programs", program, json.dumps(arguments)],
        cwd=_HERE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Failing(Keep):
    """A handler that ends the process at its n-th batch, before or after it has written."""

    def __init__(self, failpoint: str, at_batch: int) -> None:
        super().__init__()
        self._failpoint = failpoint
        self._left = at_batch

    def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
        self._left -= 1
        if self._failpoint == "before-effect" and self._left <= 0:
            _crash()
        super().handle(tx, items)
        if self._failpoint == "before-commit" and self._left <= 0:
            _crash()

    def committed(self) -> None:
        if self._failpoint == "after-commit" and self._left <= 0:
            _crash()


def _member(database: Database, given: dict[str, Any]) -> Membership:
    return Membership(database, given.get("member", "one"))


async def reader(given: dict[str, Any]) -> None:
    """Reads TRIAL. Failpoints: before-effect, before-commit, after-commit."""
    membership.LEASE_S = given.get("lease_s", membership.LEASE_S)
    membership.RENEW_EVERY_S = membership.LEASE_S / 5
    connection, database = Nats(given["nats"], "child"), Database(given["database"], SCHEMA)
    await connection.connect()
    handler = _Failing(given.get("failpoint", ""), given.get("at_batch", 1))
    await Reader(
        given["name"],
        SOURCE,
        handler,
        nats=connection,
        database=database,
        member=_member(database, given),
        batch=given.get("batch", 100),
        on_commit=handler.committed,
    ).run()


class _Frozen(Numbers):
    """A log that stops the process once, when it has handed over what comes after `at`."""

    def __init__(self, last: int, at: int) -> None:
        super().__init__(last)
        self._at = at

    def read(self, after: int, limit: int) -> Page:
        page = super().read(after, limit)
        if after >= self._at >= 0:
            self._at = -1
            os.kill(os.getpid(), signal.SIGSTOP)
        return page


class Shared(Numbers):
    """A log that several processes see: `file` says how many messages it holds."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def last(self) -> int:  # type: ignore[override]
        return int(self._file.read_text())


class _Refusable(Relay):
    """A relay that ends the process with 3 when a window of its own is refused."""

    async def publish(self, messages: Sequence[Outgoing], seq: int) -> int:
        try:
            return await super().publish(messages, seq)
        except (ChainBroken, APIError):
            os._exit(3)


async def relay(given: dict[str, Any]) -> None:
    """Publishes numbers on TRIAL. `stop_at`: freezes with a window in hand; `die_after`: dies inside a window.

    `file`: how many there are; it is told of more, and never looks by itself.
    """
    connection, database = Nats(given["nats"], "child"), Database(given["database"], SCHEMA)
    await connection.connect()
    if "die_after" in given:
        _die_after(connection.client, given["die_after"])
    if "file" in given:
        relay_module._POLL_S = (3600, 3600)
        membership.RENEW_EVERY_S = leases.SOON_S = 3600
        log: Numbers = Shared(Path(given["file"]))
    else:
        window._ACK_LIMIT_S = 60  # or it is over when it wakes, and what it has in hand is not even sent
        log = _Frozen(given["last"], given.get("stop_at", -1))
    await _Refusable(TRIAL.name, log, nats=connection, member=_member(database, given)).run()


def _die_after(client: NatsClient, count: int) -> None:
    """End the process when `count` messages are on the wire, and the server has them."""
    publish, send_frames, left = client.publish, client.send_frames, count

    async def counted(subject: str, *arguments: Any, **options: Any) -> None:
        nonlocal left
        await publish(subject, *arguments, **options)
        left -= subject.startswith("trial.")
        await die_if_due()

    async def counted_frames(frames: bytes) -> None:
        nonlocal left
        some = [b"HPUB " + frame for frame in frames.split(b"HPUB ")[1:]][:left]
        await send_frames(b"".join(some))
        left -= len(some)
        await die_if_due()

    async def die_if_due() -> None:
        if left == 0:
            await client.flush()
            _crash()

    client.publish = counted  # type: ignore[method-assign]
    client.send_frames = counted_frames  # type: ignore[method-assign]


async def deadline_worker(given: dict[str, Any]) -> None:
    """Takes due deadlines and writes a row for each, until none is left; may die inside a transaction."""
    database, turn = Database(given["database"], SCHEMA), 0
    while True:
        turn += 1
        with database.transaction() as tx:
            taken = deadlines.take_due(tx, NOON, 7)
            for deadline in taken:
                tx.execute(
                    "INSERT INTO effects (key, number, partition) VALUES (%s, %s, 0)", (deadline.kind, os.getpid())
                )
            if turn == given.get("die_at_turn"):
                _crash()
        if not taken and deadlines_left(database) == 0:
            return


def deadlines_left(database: Database) -> int:
    """How many are open."""
    with database.transaction() as tx:
        row = tx.execute("SELECT count(*) FROM deadlines WHERE fired_at IS NULL").fetchone()
    return int(row[0]) if row else 0


_PROGRAMS = {"reader": reader, "relay": relay, "deadline_worker": deadline_worker}

if __name__ == "__main__":
    asyncio.run(_PROGRAMS[sys.argv[1]](json.loads(sys.argv[2])))
