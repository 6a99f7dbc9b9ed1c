"""School systems that do not give up: they send again, with the same ids, until they have an answer."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Collection, Sequence

import httpx
import nats
import nats.errors
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError

from tests.chaos.house import House
from tests.chaos.load import Said
from tests.chaos.pace import Pace
from tests.chaos.suite import SENDER

AT_ONCE = 3  # senders side by side: what they say interleaves
BATCHES = (1, 60)
GIVE_UP_S = 300
_PAUSE_S = 0.3


class Silence(Exception):
    """No answer for so long that something is wrong."""


class Senders:
    """Send `said` in order, by batches drawn from `seed`; count the verdicts.

    `by_nats`: of the batches, how many go straight to the INTAKE stream, one event at a time. `rate`: events a second
    at most. `allowed`: statuses after which a sender tries again and that are no fault; any other is, and so is
    silence when none is allowed.
    """

    def __init__(
        self,
        house: House,
        said: Sequence[Said],
        seed: int,
        pace: Pace,
        *,
        by_nats: float,
        allowed: Collection[int],
        rate: float | None = None,
    ) -> None:
        self._house = house
        self._pace = pace
        self._rng = random.Random(f"batches-{seed}")
        self._by_nats = by_nats
        self._allowed = allowed
        self._rate = rate
        self._batches: list[Sequence[Said]] = []
        rest = said
        while rest:
            size = self._rng.randint(*BATCHES)
            self._batches.append(rest[:size])
            rest = rest[size:]
        self._total = len(said)
        self.sent = self._handed = 0
        self.verdicts: Counter[str] = Counter()
        self.retries = 0

    async def run(self) -> None:
        """Send everything. Raises Silence."""
        self._started = time.monotonic()
        client = await nats.connect(
            self._house.nats_url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.2, error_cb=_quiet
        )
        try:
            async with (
                httpx.AsyncClient(base_url=self._house.suite.url, timeout=120, trust_env=False) as door,
                asyncio.TaskGroup() as group,
            ):
                for _ in range(AT_ONCE):
                    group.create_task(self._work(door, client))
        finally:
            self._pace.finish("load")
            await client.close()

    async def _work(self, door: httpx.AsyncClient, client: Client) -> None:
        while self._batches:
            if self._rate:
                await asyncio.sleep(self._started + self._handed / self._rate - time.monotonic())
            if not self._batches:
                return  # another one took the last while we waited
            batch = self._batches.pop(0)
            self._handed += len(batch)
            by_nats = self._rng.random() < self._by_nats
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
            "Authorization": f"Bearer {self._house.suite.key}",
            "Content-Type": "application/cloudevents-batch+json",
        }
        started = time.monotonic()
        answer: httpx.Response | None = None
        found: Counter[str] = Counter()
        try:
            answer = await door.post("/events", content=body, headers=headers)
        except httpx.TransportError as error:
            if not self._allowed:
                self.verdicts[f"HTTP {type(error).__name__}"] += 1
        else:
            if answer.status_code == httpx.codes.ACCEPTED:
                verdicts = answer.json()["verdicts"]
                assert len(verdicts) == len(batch), "a verdict for each event"
                found.update(" ".join(filter(None, (v["status"], v["code"]))) for v in verdicts)
                self.verdicts.update(found)
            elif answer.status_code not in self._allowed:
                self.verdicts[f"HTTP {answer.status_code} {answer.text[:200] if answer.is_error else ''}"] += 1
            elif answer.status_code == 503 and "retry-after" not in answer.headers:
                self.verdicts["HTTP 503 without Retry-After"] += 1
        self._house.record.add(
            "post",
            events=[said.fact.id for said in batch],
            status=answer.status_code if answer else 0,
            verdicts=found,
            seconds=round(time.monotonic() - started, 3),
        )
        return bool(found)

    async def _publish(self, client: Client, batch: Sequence[Said]) -> bool:
        """Whether JetStream holds each event of the batch."""
        done = False
        try:
            for said in batch:
                await client.jetstream().publish(f"intake.raw.{SENDER}", said.json, timeout=2)
            done = True
            self.verdicts["on NATS"] += len(batch)
        except (nats.errors.Error, JetStreamError, TimeoutError, OSError):
            pass
        self._house.record.add("publish", events=[said.fact.id for said in batch], stored=done)
        return done


async def _quiet(_: Exception) -> None:
    return
