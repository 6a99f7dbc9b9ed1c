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

from chassis.agreement import Ahead, agrees, position_of
from chassis.relay import Relay

_AT_ONCE = 100


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


async def look(relay: Relay) -> Found:
    """Whether this relay's stream holds what its log does not."""
    _, stream_ends = await relay.tail()
    log_ends = await asyncio.to_thread(relay.log.end)
    try:
        await relay.check()
    except Ahead:
        return Found(relay.stream, log_ends, stream_ends, True)
    return Found(relay.stream, log_ends, stream_ends, False)


async def take_out(js: JetStreamContext, relay: Relay, directory: Path) -> Tail:
    """Keep in a file, then delete, everything after the last message that is in the log.

    Of a compacted stream everything goes, and no file is made: what its last messages replaced is there no more, the
    log says all of it again, and identities have no business in a file. Interrupted, it can be begun again: the
    stream stays ahead until the last of it is gone.
    """
    info = await js.stream_info(relay.stream)
    if info.config.max_msgs_per_subject == 1:
        await js.purge_stream(relay.stream)
        return Tail(relay.stream, int(info.state.messages), None)
    first, last = int(info.state.first_seq), int(info.state.last_seq)
    parting = await _parting(js, relay, first, last)
    places = range(parting + 1, last + 1)
    tail = [message async for message in _each(js, relay.stream, places)]
    file = await asyncio.to_thread(_keep, tail, directory / f"{relay.stream}.jsonl")
    sequences = [int(message.seq or 0) for message in tail]
    for start in range(0, len(sequences), _AT_ONCE):
        await asyncio.gather(*(js.delete_msg(relay.stream, seq) for seq in sequences[start : start + _AT_ONCE]))
    return Tail(relay.stream, len(tail), file)


async def _parting(js: JetStreamContext, relay: Relay, first: int, last: int) -> int:
    """The sequence of the last message that is in the log: it holds all before, and none after."""
    low, high = first - 1, last
    while low < high:
        middle = (low + high + 1) // 2
        message = await _at_or_after(js, relay.stream, middle)
        if message is None or int(message.seq or 0) > high:
            high = middle - 1
        elif await asyncio.to_thread(agrees, relay.log, message):
            low = int(message.seq or 0)
        else:
            high = middle - 1
    return low


async def _at_or_after(js: JetStreamContext, stream: str, seq: int) -> RawStreamMsg | None:
    """The next message that a relay published."""
    while True:
        try:
            message = await js.get_msg(stream, seq=seq, subject=">", next=True)
        except NotFoundError:
            return None
        if position_of(message):
            return message
        seq = int(message.seq or seq) + 1


async def _each(js: JetStreamContext, stream: str, places: range) -> AsyncIterator[RawStreamMsg]:
    """What is there at these sequences, in order."""
    for start in range(0, len(places), _AT_ONCE):
        found = await asyncio.gather(*(_at(js, stream, seq) for seq in places[start : start + _AT_ONCE]))
        for message in found:
            if message is not None:
                yield message


async def _at(js: JetStreamContext, stream: str, seq: int) -> RawStreamMsg | None:
    try:
        return await js.get_msg(stream, seq)
    except NotFoundError:
        return None


def _keep(tail: list[RawStreamMsg], file: Path) -> Path:
    """One JSON line a message, in the order of the stream; on the disk before anything is deleted."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        for message in tail:
            line = {"seq": message.seq, "subject": message.subject, "position": position_of(message)}
            output.write(json.dumps(line | {"event": json.loads(message.data or b"null")}) + "\n")
        output.flush()
        os.fsync(output.fileno())
    return file
