"""What a pull asks of the server, and when: for the next batch while one is taken, and for no message twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.flow import Flow, FlowParser
from chassis.messages import Message
from chassis.pull import Interrupted, Pull

BATCH, FLOW = 10, b"1"
FULL = b"NATS/1.0 409 Exceeded MaxRequestBatch\r\nNats-Pending-Messages: 1\r\n\r\n"
TIMEOUT = b"NATS/1.0 408 Request Timeout\r\n\r\n"
GONE = b"NATS/1.0 409 Consumer Deleted\r\n\r\n"


class Server:
    """Notes for how many messages it was asked, and sends some when told to; stands in for `chassis.nats.Nats` too."""

    connections, connected = 1, True

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.client = SimpleNamespace(new_inbox=lambda: "inbox", publish=self._publish)
        self.js = SimpleNamespace(add_consumer=self._named, delete_consumer=self._named)
        self.parser = FlowParser(self.client)
        self._sent = 0

    async def _named(self, *_: object) -> Any:
        return SimpleNamespace(name="c")

    async def flow(self, _: str, flow: Flow) -> None:
        self.parser.flows[FLOW] = flow

    async def end_flow(self, _: object) -> None:
        self.parser.flows.clear()

    async def _publish(self, _: str, request: bytes, *, reply: str) -> None:
        self.asked.append(json.loads(request)["batch"])

    async def sends(self, messages: int, *said: bytes, lost: int = 0) -> None:
        """So many messages and then these words, in one piece; before them it sent some that never came."""
        self._sent += lost
        piece = b""
        for _ in range(messages):
            self._sent += 1
            reply = b"$JS.ACK.S.c.1.%d.%d.0.0" % (self._sent, self._sent)
            piece += b"HMSG s.0.0.0.0.noted 1 %b 12 14\r\nNATS/1.0\r\n\r\n{}\r\n" % reply
        for header in said:
            piece += b"HMSG inbox 1 %d %d\r\n%b\r\n" % (len(header), len(header), header)
        await self.parser.parse(piece)
        await asyncio.sleep(0)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def pull(server: Server) -> AsyncIterator[Pull]:
    async with Pull(server, "S", ["s.>"], 0, BATCH) as pull:  # type: ignore[arg-type]
        yield pull


async def taken(pull: Pull) -> list[int]:
    messages: list[Message] = await pull.next(wait_s=5)
    return [message.seq for message in messages]


async def test_the_next_batch_is_asked_for_before_this_one_is_taken(server: Server, pull: Pull) -> None:
    assert server.asked == [BATCH]
    await server.sends(BATCH - 1)
    assert server.asked == [BATCH]
    await server.sends(1)
    assert server.asked == [BATCH, BATCH]
    assert await taken(pull) == list(range(1, 11))
    assert server.asked == [BATCH, BATCH], "for these it was asked already"


async def test_with_two_batches_in_hand_no_third_is_asked_for_until_one_is_taken(server: Server, pull: Pull) -> None:
    await server.sends(BATCH)
    await server.sends(BATCH)
    assert server.asked == [BATCH, BATCH]
    assert await taken(pull) == list(range(1, 11))
    assert server.asked == [BATCH, BATCH, BATCH]
    assert await taken(pull) == list(range(11, 21))


@pytest.mark.parametrize("over", [TIMEOUT, FULL], ids=["timeout", "full"])
@pytest.mark.parametrize("before", [0, 3, BATCH])
async def test_a_request_that_is_over_is_followed_by_one_and_no_more(
    server: Server, pull: Pull, over: bytes, before: int
) -> None:
    await server.sends(before, over)
    assert server.asked == [BATCH, BATCH]
    await server.sends(BATCH)
    assert await taken(pull) == list(range(1, 1 + min(BATCH, before + BATCH)))


async def test_of_a_limited_pull_what_did_not_come_is_asked_for_again_and_nothing_more(server: Server) -> None:
    async with Pull(server, "S", ["s.>"], 0, BATCH, at_most=14) as pull:  # type: ignore[arg-type]
        await server.sends(7, TIMEOUT)
        assert server.asked == [10, 7]
        await server.sends(7)
        assert await taken(pull) == list(range(1, 11))
        assert await taken(pull) == list(range(11, 15))
    assert sum(server.asked) == 14 + 3, "three of the first request never came"


async def test_what_was_sent_and_never_came_is_noticed(server: Server, pull: Pull) -> None:
    await server.sends(2)
    await server.sends(2, lost=1)
    with pytest.raises(Interrupted, match="missing"):
        await taken(pull)


async def test_a_consumer_that_is_gone_interrupts(server: Server, pull: Pull) -> None:
    await server.sends(2, GONE)
    with pytest.raises(Interrupted, match="409"):
        await taken(pull)
