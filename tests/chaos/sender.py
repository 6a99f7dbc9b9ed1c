"""School systems that do not give up: they send again, with the same ids, until they have an answer."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence

import httpx
import nats
import nats.errors
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError

from tests.chaos.load import Said
from tests.chaos.pace import Pace
from tests.chaos.suite import SENDER, Suite

AT_ONCE = 3  # senders side by side: what they say interleaves
BY_NATS = 0.2  # of the batches go straight to the INTAKE stream, one event at a time
BATCHES = (1, 60)
GIVE_UP_S = 300
_PAUSE_S = 0.3


class Silence(Exception):
    """No answer for so long that something is wrong."""


class Senders:
    """Send `said` in order, by batches drawn from `seed`; count the verdicts."""

    def __init__(self, suite: Suite, said: Sequence[Said], seed: int, pace: Pace) -> None:
        self._suite = suite
        self._pace = pace
        self._rng = random.Random(f"batches-{seed}")
        self._batches: list[Sequence[Said]] = []
        rest = said
        while rest:
            size = self._rng.randint(*BATCHES)
            self._batches.append(rest[:size])
            rest = rest[size:]
        self._total = len(said)
        self.sent = 0
        self.verdicts: Counter[str] = Counter()
        self.retries = 0

    async def run(self) -> None:
        """Send everything. Raises Silence."""
        client = await nats.connect(
            self._suite.runtime["nats_url"],
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            error_cb=_quiet,
        )
        try:
            async with httpx.AsyncClient(base_url=self._suite.url, timeout=30) as door, asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._work(door, client))
        finally:
            self._pace.finish("load")
            await client.close()

    async def _work(self, door: httpx.AsyncClient, client: Client) -> None:
        while self._batches:
            batch = self._batches.pop(0)
            by_nats = self._rng.random() < BY_NATS
            limit = time.monotonic() + GIVE_UP_S
            while not await (self._publish(client, batch) if by_nats else self._post(door, batch)):
                self.retries += 1
                if time.monotonic() > limit:
                    raise Silence(f"a batch had no answer for {GIVE_UP_S} s")
                await asyncio.sleep(_PAUSE_S)
            self.sent += len(batch)
            await self._pace.advance("load", self.sent / self._total)

    async def _post(self, door: httpx.AsyncClient, batch: Sequence[Said]) -> bool:
        """Whether there is a verdict on each event of the batch."""
        body = b"[" + b",".join(said.json for said in batch) + b"]"
        headers = {
            "Authorization": f"Bearer {self._suite.key}",
            "Content-Type": "application/cloudevents-batch+json",
        }
        try:
            answer = await door.post("/events", content=body, headers=headers)
        except httpx.TransportError:
            return False
        if answer.status_code != httpx.codes.ACCEPTED:
            said = answer.text[:200] if answer.is_error else ""  # of what is not expected, all there is to know
            self.verdicts[f"HTTP {answer.status_code} {said}"] += answer.status_code not in (429, 502, 503, 504)
            return False
        verdicts = answer.json()["verdicts"]
        assert len(verdicts) == len(batch), "a verdict for each event"
        self.verdicts.update(" ".join(filter(None, (v["status"], v["code"]))) for v in verdicts)
        return True

    async def _publish(self, client: Client, batch: Sequence[Said]) -> bool:
        """Whether JetStream holds each event of the batch."""
        for said in batch:
            try:
                await client.jetstream().publish(f"intake.raw.{SENDER}", said.json, timeout=2)
            except (nats.errors.Error, JetStreamError, TimeoutError, OSError):
                return False
        self.verdicts["on NATS"] += len(batch)
        return True


async def _quiet(_: Exception) -> None:
    with contextlib.suppress(Exception):
        return
