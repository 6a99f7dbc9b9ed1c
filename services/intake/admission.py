"""How much the HTTP door takes on at once. Beyond it, senders are asked to come back: memory stays bounded."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from services.intake.problems import Problem, busy

_AT_ONCE_S = 1
_LATER_S = 10


class Admission:
    """Counts requests and bytes in hand. All its methods belong to the event loop."""

    def __init__(self, max_requests: int, max_bytes: int, max_backlog: int, backlog: Callable[[], int]) -> None:
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._max_backlog = max_backlog
        self._backlog = backlog
        self._requests = 0
        self._bytes = 0

    @contextmanager
    def request(self) -> Iterator["Held"]:
        """A request in hand, until the block ends. Raises Problem 429."""
        if self._backlog() > self._max_backlog:
            raise busy(429, "backlog", "too many accepted events still wait to be published", _LATER_S)
        if self._requests >= self._max_requests:
            raise busy(429, "too_many_requests", "too many requests at once", _AT_ONCE_S)
        self._requests += 1
        held = Held(self)
        try:
            yield held
        finally:
            self._requests -= 1
            self._bytes -= held.bytes

    def take(self, size: int) -> None:
        """Count bytes in. Raises Problem 429."""
        if self._bytes + size > self._max_bytes:
            raise busy(429, "too_many_bytes", "too much is being sent at once", _AT_ONCE_S)
        self._bytes += size


class Held:
    """What one request holds."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.bytes = 0

    async def read(self, chunks: AsyncIterator[bytes], limit: int) -> bytes:
        """The whole body. Raises Problem 413 beyond `limit` bytes, 429 when there is no room for it."""
        body = bytearray()
        async for chunk in chunks:
            if len(body) + len(chunk) > limit:
                raise too_large(limit)
            self._admission.take(len(chunk))
            self.bytes += len(chunk)
            body += chunk
        return bytes(body)


def too_large(limit: int) -> Problem:
    """The body is over the limit."""
    return Problem(413, "body_too_large", f"a request may hold {limit} bytes at most: send less at once")
