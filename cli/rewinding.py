"""A stream that is ahead of its log: where it parts from it, and taking out what comes after."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from chassis.agreement import agrees, position_of
from chassis.relay import Relay


@dataclass(frozen=True, slots=True)
class Found:
    """The end of a stream beside the end of its log; positions are those of the log."""

    stream: str
    log_ends: int | None
    stream_ends: int
    ahead: bool

    def __str__(self) -> str:
        log = "entries are removed once published" if self.log_ends is None else f"its log ends at {self.log_ends}"
        said = "HOLDS WHAT ITS LOG DOES NOT: run `perseverance streams rewind`" if self.ahead else "well"
        return f"{self.stream}: {said} ({log}, the stream at {self.stream_ends})"


@dataclass(frozen=True, slots=True)
class Tail:
    """What was taken out of a stream, and where it is kept."""

    stream: str
    taken_out: int
    kept_in: Path | None

    def __str__(self) -> str:
        kept = f"kept in {self.kept_in}" if self.kept_in else "its relay says all of it again"
        return f"{self.stream}: {self.taken_out} messages taken out, {kept}"


async def look(js: JetStreamContext, relay: Relay) -> Found:
    """Whether this relay's stream holds what its log does not."""
    message = await anext(_backwards(js, relay.stream), None)
    log_ends = await asyncio.to_thread(relay.log.end)
    ahead = message is not None and not await asyncio.to_thread(agrees, relay.log, message)
    return Found(relay.stream, log_ends, position_of(message) if message else 0, ahead)


async def take_out(js: JetStreamContext, relay: Relay, directory: Path) -> Tail:
    """Keep in a file, then delete, everything after the last message that is in the log.

    Of a compacted stream everything goes, and no file is made: what its last messages replaced is there no more, the
    log says all of it again, and identities have no business in a file.
    """
    info = await js.stream_info(relay.stream)
    if info.config.max_msgs_per_subject == 1:
        await js.purge_stream(relay.stream)
        return Tail(relay.stream, int(info.state.messages), None)
    tail: list[RawStreamMsg] = []
    async for message in _backwards(js, relay.stream):
        if await asyncio.to_thread(agrees, relay.log, message):
            break
        tail.append(message)
    file = await asyncio.to_thread(_keep, tail, directory / f"{relay.stream}.jsonl")
    for message in tail:  # the last first: whenever this is interrupted, what remains is a beginning
        assert message.seq is not None
        await js.delete_msg(relay.stream, message.seq)
    return Tail(relay.stream, len(tail), file)


async def _backwards(js: JetStreamContext, stream: str) -> AsyncIterator[RawStreamMsg]:
    """What a stream holds, the last first; messages that no relay published are passed over."""
    state = (await js.stream_info(stream)).state
    for seq in range(int(state.last_seq), max(int(state.first_seq), 1) - 1, -1):
        try:
            message = await js.get_msg(stream, seq)
        except NotFoundError:
            continue
        if position_of(message):
            yield message


def _keep(tail: list[RawStreamMsg], file: Path) -> Path:
    """One JSON line a message, in the order of the stream; on the disk before anything is deleted."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        for message in reversed(tail):
            line = {"seq": message.seq, "subject": message.subject, "position": position_of(message)}
            output.write(json.dumps(line | {"event": json.loads(message.data or b"null")}) + "\n")
        output.flush()
        os.fsync(output.fileno())
    return file
