"""A window of messages at the end of a stream: in this place, or not at all.

Each window says which sequence it expects before it. Whoever else publishes on the stream, or a window that was
sent and lost, is therefore noticed by the server, not by us afterwards.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from nats.errors import MaxPayloadError
from nats.js.api import PubAck

from chassis.nats import Nats

LARGEST = 1000
"""What the server takes in one atomic batch."""

_WORTH_A_BATCH = 15
_ACK_LIMIT_S = 5


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish: its place in the log, which becomes its id, where it goes, its bytes."""

    position: int
    subject: str
    data: bytes


class ChainBroken(Exception):
    """Somebody else published on our stream, or something was lost: look where the stream ends."""


async def append(nats: Nats, messages: Sequence[Outgoing], seq: int, *, batches: bool = False) -> int:
    """Append at most `LARGEST` messages after sequence `seq`; return the new last one.

    Raises ChainBroken, or a nats error, when they may not be there.
    """
    return await (await send(nats, messages, seq, batches=batches))


async def send(nats: Nats, messages: Sequence[Outgoing], seq: int, *, batches: bool = False) -> Awaitable[int]:
    """Send what `append` appends; await what is returned for its outcome. The next window may be sent before that.

    One after the other, each expecting the one before. Where the stream takes `batches`, many go as one: one write to
    the server's disk, all or none; it costs the server as much as several messages whatever it holds.
    """
    if not nats.connected:
        # The client would buffer these and send them later, when they may be out of place.
        raise ChainBroken
    headers = _batch(messages, seq) if batches and len(messages) >= _WORTH_A_BATCH else _chain(messages, seq)
    heads = [_head(each) for each in headers]
    if any(len(head) + len(each.data) > nats.client.max_payload for each, head in zip(messages, heads, strict=True)):
        raise MaxPayloadError  # the server would hang up, on whoever shares this connection too
    *before, last = messages
    if before:
        await nats.client.send_frames(b"".join([_frame(*each) for each in zip(before, heads, strict=False)]))
    # Not `publish_async`: a refusal never reaches the one who waits for it.
    ack = asyncio.ensure_future(nats.js.publish(last.subject, last.data, timeout=_ACK_LIMIT_S, headers=headers[-1]))
    await asyncio.sleep(0)  # by now it is on its way
    return _stored(ack, seq + len(messages))


def _head(headers: dict[str, str]) -> bytes:
    return "".join(["NATS/1.0\r\n", *[f"{name}: {value}\r\n" for name, value in headers.items()], "\r\n"]).encode()


def _frame(message: Outgoing, head: bytes) -> bytes:
    """A message as it goes on the wire; ADR 12 says why not by the library."""
    size = len(head) + len(message.data)
    return b"HPUB %b %d %d\r\n%b%b\r\n" % (message.subject.encode(), len(head), size, head, message.data)


async def _stored(ack: "asyncio.Future[PubAck]", last: int) -> int:
    if (await ack).seq != last:
        raise ChainBroken
    return last


def _chain(messages: Sequence[Outgoing], seq: int) -> list[dict[str, str]]:
    headers = [
        {"Nats-Msg-Id": str(message.position), "Nats-Expected-Last-Sequence": str(before)}
        for before, message in enumerate(messages, seq)
    ]
    # By sequence alone, the second of a window that begins too early would find the place of the first free.
    for header, before in zip(headers[1:], headers, strict=False):
        header["Nats-Expected-Last-Msg-Id"] = before["Nats-Msg-Id"]
    return headers


def _batch(messages: Sequence[Outgoing], seq: int) -> list[dict[str, str]]:
    batch = uuid4().hex
    headers = [
        {"Nats-Msg-Id": str(message.position), "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
        for number, message in enumerate(messages, 1)
    ]
    headers[0]["Nats-Expected-Last-Sequence"] = str(seq)  # the server looks at it on the first of a batch only
    headers[-1]["Nats-Batch-Commit"] = "1"
    return headers
