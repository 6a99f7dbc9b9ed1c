"""A window as it goes on the wire: what the client library would send, but for one space."""

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client

from chassis.window import Outgoing, _batch, _chain, _frame, _head

MESSAGES = [
    Outgoing(7, "alerts.0.0.1.1.alert_closed", b'{"some":"fact"}'),
    Outgoing(12, "alerts.1.0.1.1.alert_closed", b""),
    Outgoing(13, "alerts.0.0.0.0.alert_lifted", "é\r\n\0 ".encode() * 100),
]
_MOST = 8_000


class Wire(Client):
    """The library's client, with nobody at the other end."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    async def _send_command(self, cmd: bytes, priority: bool = False) -> None:
        self.sent += cmd


async def by_the_library(headers: list[dict[str, str]]) -> bytes:
    wire: Any = Wire()
    wire._flush_queue = asyncio.Queue()
    await wire._flush_queue.put(None)  # a flush is under way: no other is asked for
    wire._status, wire._max_payload = Client.CONNECTED, _MOST
    for message, header in zip(MESSAGES, headers, strict=True):
        await wire.publish(message.subject, message.data, headers=header)
    return wire.sent.replace(b"  ", b" ")  # where a reply subject would stand


@pytest.mark.parametrize("headers", [_chain(MESSAGES, 41), _batch(MESSAGES, 41)], ids=["chain", "batch"])
async def test_frames_are_those_of_the_library(headers: list[dict[str, str]]) -> None:
    ours = b"".join(_frame(message, _head(each)) for message, each in zip(MESSAGES, headers, strict=True))
    assert ours == await by_the_library(headers)
