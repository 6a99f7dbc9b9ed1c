"""Messages at a steady rate, from a thread, for as long as a block."""

import asyncio
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from benchmarks.feed import chain, connect
from contracts.catalogue import STREAMS

_EVERY_S = 0.1


class Steady:
    """Appends (subject, body) messages to `stream` at `per_s`; counts them."""

    def __init__(self, nats_url: str, stream: str, messages: Iterable[tuple[str, bytes]], per_s: int) -> None:
        self._url, self._stream, self._messages, self._per_s = nats_url, stream, iter(messages), per_s
        self._fenced = next(spec.fenced for spec in STREAMS if spec.name == stream)
        self._over = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self.sent = 0

    def __enter__(self) -> "Steady":
        self._sending = self._thread.submit(lambda: asyncio.run(self._send()))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.shutdown()
        self._sending.result()  # what was measured while nothing came in is worth nothing

    async def _send(self) -> None:
        client = await connect(self._url)
        began, last = time.monotonic(), 0
        while not self._over.is_set():
            due = int((time.monotonic() - began) * self._per_s) - self.sent
            batch = list(islice(self._messages, min(due, 1000)))
            if batch and self._fenced:
                last = await chain(client, batch, last)
            else:
                for subject, body in batch:
                    await client.jetstream(timeout=30).publish(subject, body)
            self.sent += len(batch)
            await asyncio.sleep(_EVERY_S)
        await client.close()
