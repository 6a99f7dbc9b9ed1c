"""The short way in: whole messages of a flow to whoever reads it, all else to the library, however they were cut."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.errors import ProtocolError

from chassis.flow import Flow, FlowParser
from tests.unit.chassis.acks import ACKS

FLOW, OTHER = b"7", b"8"
SUBJECT, PLACE = "a.0.0.1.1.fact", 3
ACK = b"$JS.ACK.S.c.1.2.3.4.5"
Came = tuple[bytes, bytes]
"""The header block of a message, and its payload."""


class Client:
    """Notes what the library's parser calls."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, header: bytes | None) -> None:
        self.heard.append((sid, subject, reply, data, header or b""))

    async def _process_ping(self) -> None:
        self.heard.append("ping")

    async def _process_pong(self) -> None:
        self.heard.append("pong")


def frame(sid: bytes, reply: bytes, header: bytes, payload: bytes) -> bytes:
    """A message as the server writes it, with a header block or without."""
    words = [SUBJECT.encode(), sid, *([reply] if reply else [])]
    sizes = [len(header), len(header) + len(payload)] if header else [len(payload)]
    line = b" ".join([b"HMSG" if header else b"MSG", *words, *(b"%d" % size for size in sizes)])
    return line + b"\r\n" + header + payload + b"\r\n"


headers = st.sampled_from([b"", b"NATS/1.0\r\nNats-Msg-Id: 5\r\n\r\n", b"NATS/1.0 408 Request Timeout\r\n\r\n"])
replies = st.sampled_from([b"", ACK])
payloads = st.one_of(st.binary(max_size=40), st.just(b"\r\nMSG a 7 1\r\nx\r\nPING\r\n"))
messages = st.tuples(st.sampled_from([FLOW, OTHER]), replies, headers, payloads)
frames = st.lists(st.one_of(messages, st.sampled_from([b"PING\r\n", b"PONG\r\n", b"+OK\r\n"])), max_size=12)


class Reading:
    """A flow as whoever reads it has it: what came, what was told, and how often it was called."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.calls = 0
        self.flow = Flow(self._news, self.told.append)
        self.client = Client()
        self.parser = FlowParser(self.client)
        self.parser.flows[FLOW] = self.flow

    def _news(self) -> None:
        self.calls += 1

    @property
    def came(self) -> list[Came]:
        return [(message.header, message.data) for message in self.flow.arrived]


async def parsed(data: bytes, cuts: list[int]) -> Reading:
    reading = Reading()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        await reading.parser.parse(data[start:end])
    return reading


@given(frames, st.lists(st.integers(0, 10_000), max_size=8))
async def test_each_message_arrives_once_in_order_and_whole(said: list[Any], cuts: list[int]) -> None:
    data = b"".join(each if isinstance(each, bytes) else frame(*each) for each in said)
    reading = await parsed(data, cuts)
    ours = [each for each in said if not isinstance(each, bytes) and each[0] == FLOW]
    assert reading.came == [(header, payload) for _, reply, header, payload in ours if reply]
    assert reading.told == [header for _, reply, header, _ in ours if not reply]
    assert {(each.subject, each.partition, each.seq) for each in reading.flow.arrived} <= {(SUBJECT, PLACE, 2)}
    heard = reading.client.heard
    others = [
        (8, SUBJECT.encode(), reply, payload, header)
        for sid, reply, header, payload in (each for each in said if not isinstance(each, bytes))
        if sid == OTHER
    ]
    assert [each for each in heard if not isinstance(each, str)] == others
    assert [each for each in heard if isinstance(each, str)] == [
        each[:4].decode().lower() for each in said if each in (b"PING\r\n", b"PONG\r\n")
    ]


async def test_frames_cut_at_every_byte_are_put_together_again() -> None:
    header = b"NATS/1.0\r\nA: b\r\n\r\n"
    data = frame(FLOW, ACK, header, b"payload") + b"PING\r\n" + frame(OTHER, b"", b"", b"x")
    for cut in range(len(data)):
        reading = await parsed(data, [cut])
        assert reading.came == [(header, b"payload")]
        assert reading.client.heard == ["ping", (8, SUBJECT.encode(), b"", b"x", b"")]


async def test_who_reads_is_called_once_for_all_that_came_at_once() -> None:
    reading = await parsed(b"".join(frame(FLOW, ACK, b"", b"%d" % n) for n in range(100)), [])
    assert (len(reading.came), reading.calls) == (100, 1)
    assert reading.flow.latest == ACK
    await reading.parser.parse(b"PING\r\n")
    assert reading.calls == 1, "nothing came"


@pytest.mark.parametrize("reply", ACKS)
@pytest.mark.parametrize("header", [b"", b"NATS/1.0\r\nNats-Msg-Id: 5\r\n\r\n"])
async def test_the_sequence_is_found_in_every_form_of_an_ack_subject(reply: bytes, header: bytes) -> None:
    reading = await parsed(frame(FLOW, reply, header, b"payload"), [])
    (message,) = reading.flow.arrived
    assert (message.seq, message.data, message.header) == (7000, b"payload", header)


async def test_a_new_connection_begins_with_nothing_left_over() -> None:
    reading = Reading()
    whole = frame(FLOW, ACK, b"", b"payload")
    await reading.parser.parse(whole[:-5])
    reading.parser.reset()
    await reading.parser.parse(whole)
    assert reading.came == [(b"", b"payload")]


@pytest.mark.parametrize("line", [b"MSG a\r\n", b"HMSG a 7 x y\r\n", b"MSG \r\n"])
async def test_a_line_that_makes_no_sense_ends_the_connection(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        await FlowParser(Client()).parse(line)
