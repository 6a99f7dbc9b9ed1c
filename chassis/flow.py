"""The short way in: messages of a flow go from the socket to whoever asked for them, and through nothing else.

The library gives each message a parser state, two coroutines, an object and a place in a queue. That is right for
requests and replies; for a stream read by the hundred thousand it costs more than all the rest of the work.
"""

import re
from collections.abc import Callable
from typing import Any

from nats.errors import ProtocolError
from nats.protocol.parser import Parser

Sink = Callable[[bytes, bytes, bytes, bytes], None]
"""Takes the subject, the reply subject, the header block (may be empty) and the payload of a message."""

_END = b"\r\n"
# One expression for a line: several steps of ours would cost each message more than all else that is done here.
_WITH_HEADERS = re.compile(rb"HMSG (\S+) (\d+) (?:(\S+) )?(\d+) (\d+)\r\n").match
_WITHOUT = re.compile(rb"MSG (\S+) (\d+) (?:(\S+) )?()(\d+)\r\n").match


class FlowParser(Parser):
    """The library's parser behind a splitter: whole messages of a flow go to its sink, whole frames of all else on.

    `flows`: the sink of each subscription that is a flow, by its number as the server writes it.
    """

    def __init__(self, client: Any) -> None:
        self.flows: dict[bytes, Sink] = {}
        super().__init__(client)

    def reset(self) -> None:
        """Forget what has not been understood yet: a connection begins."""
        super().reset()
        self._rest = b""

    async def parse(self, data: bytes = b"") -> None:
        """Understand all that is complete in what has arrived; keep the rest."""
        data = self._rest + data
        start, size = 0, len(data)
        while start < size:
            head = _WITH_HEADERS(data, start) or _WITHOUT(data, start)
            if head:
                subject, subscription, reply, headers, total = head.groups()
                body = head.end()
                end = body + int(total)
                after = end + 2
                if after > size:
                    break
                sink = self.flows.get(subscription)
                if sink:
                    split = body + int(headers or 0)
                    sink(subject, reply or b"", data[body:split], data[split:end])
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
