"""The short way in: messages of a flow go from the socket to whoever asked for them, and through nothing else.

The library gives each message a parser state, two coroutines, an object and a place in a queue. That is right for
requests and replies; for a stream read by the hundred thousand it costs more than all the rest of the work.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from nats.errors import ProtocolError
from nats.protocol.parser import Parser

from chassis.messages import Message, partition_of

_END = b"\r\n"
# One expression for a line: several steps of ours would cost each message more than all else that is done here. Of a
# message of a stream it finds the sequence on its way. Each has the same groups.
_OF_A_STREAM = re.compile(
    rb"HMSG ([^ ]+) ([^ ]+) (\$JS\.ACK\.[^. ]+\.[^. ]+\.[^. ]+\.(\d+)\.[^. ]+\.[^. ]+\.[^. ]+) (\d+) (\d+)\r\n"
).match
_WITH_HEADERS = re.compile(rb"HMSG (\S+) (\d+) (?:(\S+) )?()(\d+) (\d+)\r\n").match
_WITHOUT = re.compile(rb"MSG (\S+) (\d+) (?:(\S+) )?()()(\d+)\r\n").match


class Flow:
    """What came of one subscription to a stream: the messages that `arrived`, for whoever reads them to take away.

    `latest`: the reply subject of the last of them. `news` is called after some have arrived, once for many; `told`
    with the header block of what is not a message of the stream: the server says something about a request.
    """

    __slots__ = ("arrived", "latest", "news", "told")

    def __init__(self, news: Callable[[], None], told: Callable[[bytes], None]) -> None:
        self.arrived: list[Message] = []
        self.latest = b""
        self.news = news
        self.told = told


def _seq_in(reply: bytes) -> int:
    """Of an ack subject: the message's sequence in its stream."""
    if reply.count(b".") == 8:
        return int(reply.rsplit(b".", 4)[1])
    # Its other form names a domain and an account, and may have something behind.
    return int(reply.split(b".")[7])


@lru_cache(maxsize=4096)
def _subject(raw: bytes) -> tuple[str, int]:
    subject = raw.decode(errors="replace")
    return subject, partition_of(subject)


class FlowParser(Parser):
    """The library's parser behind a splitter: whole messages of a flow go to it, whole frames of all else on.

    `flows`: the flow of a subscription, by the subscription's number as the server writes it; others have none.
    """

    def __init__(self, client: Any) -> None:
        self.flows: dict[bytes, Flow] = {}
        super().__init__(client)

    def reset(self) -> None:
        """Forget what has not been understood yet: a connection begins."""
        super().reset()
        self._rest = b""

    async def parse(self, data: bytes = b"") -> None:
        """Understand all that is complete in what has arrived; keep the rest."""
        heard: set[Flow] = set()
        try:
            await self._understand(self._rest + data, heard)
        finally:
            for flow in heard:
                flow.news()

    async def _understand(self, data: bytes, heard: set[Flow]) -> None:
        start, size = 0, len(data)
        while start < size:
            head = _OF_A_STREAM(data, start) or _WITH_HEADERS(data, start) or _WITHOUT(data, start)
            if head:
                raw_subject, subscription, reply, seq, headers, total = head.groups()
                body = head.end()
                end = body + int(total)
                after = end + 2
                if after > size:
                    break
                flow = self.flows.get(subscription)
                if flow:
                    split = body + int(headers or 0)
                    if reply:
                        subject, partition = _subject(raw_subject)
                        flow.arrived.append(
                            Message(int(seq or _seq_in(reply)), partition, subject, data[split:end], data[body:split])
                        )
                        flow.latest = reply
                    else:
                        flow.told(data[body:split])
                    heard.add(flow)
                    start = after
                    continue
            else:
                line = data.find(_END, start)
                if line < 0:
                    break
                if data.startswith((b"HMSG ", b"MSG "), start):
                    raise ProtocolError("malformed message")
                after = line + 2
            # Kept before the wait: what is understood below may find the connection lost and reset us.
            self._rest = data[after:]
            await super().parse(data[start:after])
            data, start = self._rest, 0
            size = len(data)
        self._rest = data[start:]
