"""People who look at pages and act on alerts, all along: what they are answered counts like what senders are."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Collection
from uuid import uuid4

import httpx

from tests.chaos.house import House
from tests.chaos.suite import WATCHER

PATHS = ("/api/v1/alerts?page_size=20", "/api/v1/counts", "/api/v1/me", "/api/v1/mails?page_size=20")
_PAUSE_S = 0.15
_ACTS = 0.2  # of the turns


class People:
    """They read the API and record follow-ups. `allowed`: statuses that are no fault."""

    def __init__(self, house: House, allowed: Collection[int], rng: random.Random, *, act: bool) -> None:
        self._house = house
        self._allowed = allowed
        self._rng = rng
        self._act = act
        self.answers: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.acted = 0

    async def run(self) -> None:
        """Read and act until cancelled."""
        token = await asyncio.to_thread(self._house.command, "token", "--actor", WATCHER)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=self._house.suite.url, headers=headers, timeout=120, trust_env=False
        ) as client:
            while True:
                if self._act and self._rng.random() < _ACTS:
                    await self._acknowledge(client)
                else:
                    await self._ask(client, "GET", self._rng.choice(PATHS))
                await asyncio.sleep(_PAUSE_S)

    async def _acknowledge(self, client: httpx.AsyncClient) -> None:
        listed = await self._ask(client, "GET", PATHS[0])
        items = listed.json()["items"] if listed is not None and listed.is_success else []
        if items:
            alert = self._rng.choice(items)["alert_id"]
            await self._ask(client, "POST", f"/api/v1/alerts/{alert}/acknowledge", key=str(uuid4()))

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str, key: str = "") -> httpx.Response | None:
        started = time.monotonic()
        headers = {"Idempotency-Key": key} if key else {}
        answer: httpx.Response | None = None
        try:
            answer = await client.request(method, path, headers=headers)
        except httpx.TransportError as error:
            said = type(error).__name__
        else:
            said = str(answer.status_code)
        name = f"{method} {'act' if key else path.partition('?')[0]}"
        self.answers[said] += 1
        refused = answer is not None and answer.status_code in (403, 404, 409, 422) and bool(key)  # no sense now
        if answer is None:
            if not self._allowed:
                self.wrong[f"{name}: {said}"] += 1
        elif not (answer.is_success or refused or answer.status_code in self._allowed):
            self.wrong[f"{name}: {said} {answer.text[:120]}"] += 1
        if key and answer is not None and answer.is_success:
            self.acted += 1
        self._house.record.add(
            "act" if key else "look", path=name, status=said, seconds=round(time.monotonic() - started, 3)
        )
        return answer
