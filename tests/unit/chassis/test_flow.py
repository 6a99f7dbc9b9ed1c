"""The short way in: whole messages of a flow to its sink, all else to the library, however the bytes were cut."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.errors import ProtocolError

from chassis.flow import FlowParser

FLOW, OTHER = b"7", b"8"
Poured = tuple[bytes, bytes, bytes, bytes]


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
    words = [b"a.0.0.1.1.fact", sid, *([reply] if reply else [])]
    sizes = [len(header), len(header) + len(payload)] if header else [len(payload)]
    line = b" ".join([b"HMSG" if header else b"MSG", *words, *(b"%d" % size for size in sizes)])
    return line + b"\r\n" + header + payload + b"\r\n"


headers = st.sampled_from([b"", b"NATS/1.0\r\nNats-Msg-Id: 5\r\n\r\n", b"NATS/1.0 408 Request Timeout\r\n\r\n"])
replies = st.sampled_from([b"", b"$JS.ACK.S.c.1.2.3.4.5"])
payloads = st.one_of(st.binary(max_size=40), st.just(b"\r\nMSG a 7 1\r\nx\r\nPING\r\n"))
messages = st.tuples(st.sampled_from([FLOW, OTHER]), replies, headers, payloads)
frames = st.lists(st.one_of(messages, st.sampled_from([b"PING\r\n", b"PONG\r\n", b"+OK\r\n"])), max_size=12)


async def parsed(data: bytes, cuts: list[int]) -> tuple[list[Poured], list[Any]]:
    client, poured = Client(), []
    parser = FlowParser(client)
    parser.flows[FLOW] = lambda *message: poured.append(message)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        await parser.parse(data[start:end])
    return poured, client.heard


@given(frames, st.lists(st.integers(0, 10_000), max_size=8))
async def test_each_message_arrives_once_in_order_and_whole(said: list[Any], cuts: list[int]) -> None:
    data = b"".join(each if isinstance(each, bytes) else frame(*each) for each in said)
    poured, heard = await parsed(data, cuts)
    told = [each for each in said if not isinstance(each, bytes)]
    assert poured == [(b"a.0.0.1.1.fact", *rest) for sid, *rest in told if sid == FLOW]
    others = [(8, b"a.0.0.1.1.fact", reply, payload, header) for sid, reply, header, payload in told if sid == OTHER]
    assert [each for each in heard if not isinstance(each, str)] == others
    assert [each for each in heard if isinstance(each, str)] == [
        each[:4].decode().lower() for each in said if each in (b"PING\r\n", b"PONG\r\n")
    ]


async def test_frames_cut_at_every_byte_are_put_together_again() -> None:
    data = frame(FLOW, b"r", b"NATS/1.0\r\nA: b\r\n\r\n", b"payload") + b"PING\r\n" + frame(OTHER, b"", b"", b"x")
    for cut in range(len(data)):
        poured, heard = await parsed(data, [cut])
        assert len(poured) == 1
        assert heard == ["ping", (8, b"a.0.0.1.1.fact", b"", b"x", b"")]


async def test_a_new_connection_begins_with_nothing_left_over() -> None:
    client, poured = Client(), []
    parser = FlowParser(client)
    parser.flows[FLOW] = lambda *message: poured.append(message)
    whole = frame(FLOW, b"r", b"", b"payload")
    await parser.parse(whole[:-5])
    parser.reset()
    await parser.parse(whole)
    assert [data for *_, data in poured] == [b"payload"]


@pytest.mark.parametrize("line", [b"MSG a\r\n", b"HMSG a 7 x y\r\n", b"MSG \r\n"])
async def test_a_line_that_makes_no_sense_ends_the_connection(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        await FlowParser(Client()).parse(line)
