"""The short way in: messages of a flow go from the socket to whoever asked for them, and through nothing else.

The library gives each message a parser state, two coroutines, an object and a place in a queue. That is right for
requests and replies; for a stream read by the hundred thousand it costs more than all the rest of the work.
"""

from collections.abc import Callable
from typing import Any

from nats.errors import ProtocolError
from nats.protocol.parser import Parser

Sink = Callable[[bytes, bytes, bytes, bytes], None]
"""Takes the subject, the reply subject, the header block (may be empty) and the payload of a message."""

_END = b"\r\n"


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
            line = data.find(_END, start)
            if line < 0:
                break
            after = line + 2
            if data.startswith((b"HMSG ", b"MSG "), start):
                arguments = data[start:line].split()
                try:
                    after += int(arguments[-1]) + 2
                    sink = self.flows.get(arguments[2])
                except (ValueError, IndexError):
                    raise ProtocolError("malformed message") from None
                if after > size:
                    break
                if sink:
                    _pour(arguments, data, line + 2, after - 2, sink)
                    start = after
                    continue
            # Kept before the wait: what is understood below may find the connection lost and reset us.
            self._rest = data[after:]
            await super().parse(data[start:after])
            data, start = self._rest, 0
            size = len(data)
        self._rest = data[start:]


def _pour(arguments: list[bytes], data: bytes, start: int, end: int, sink: Sink) -> None:
    if arguments[0] == b"HMSG":
        reply = arguments[3] if len(arguments) == 6 else b""
        body = start + int(arguments[-2])
    else:
        reply = arguments[3] if len(arguments) == 5 else b""
        body = start
    sink(arguments[1], reply, data[start:body], data[body:end])
