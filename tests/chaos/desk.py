"""Where people of the experiment ask: each answer counts, and what it should not have been is wrong."""

import time
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import httpx

from tests.chaos.house import House

REFUSALS = frozenset((403, 404, 409, 422))
"""Of an act: it makes no sense now."""


class Desk:
    """Requests to the JSON API. `allowed`: statuses that are no fault, and mean: not now."""

    def __init__(self, house: House, allowed: Collection[int]) -> None:
        self._house = house
        self.allowed = allowed
        self.answers: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.acted = 0

    def open(self) -> httpx.AsyncClient:
        """A client for `ask`; a context manager."""
        return httpx.AsyncClient(base_url=self._house.suite.url, timeout=120, trust_env=False)

    async def ask(
        self,
        client: httpx.AsyncClient,
        token: str,
        path: str,
        *,
        key: str = "",
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response | None:
        """Look at `path`, or with a key act there; None when no answer came."""
        started = time.monotonic()
        method = "POST" if key else "GET"
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        answer: httpx.Response | None = None
        try:
            answer = await client.request(method, path, headers=headers, json=body)
        except httpx.TransportError as error:
            said = type(error).__name__
        else:
            said = str(answer.status_code)
        name = f"{method} {'act' if key else path.partition('?')[0]}"
        self._count(name, said, answer, acts=bool(key))
        seconds = round(time.monotonic() - started, 3)
        self._house.record.add("act" if key else "look", path=name, status=said, seconds=seconds, key=key)
        return answer

    def not_now(self, answer: httpx.Response | None) -> bool:
        """Whether that leaves open what became of it."""
        return answer is None or answer.status_code in self.allowed or answer.status_code not in REFUSALS

    def _count(self, name: str, said: str, answer: httpx.Response | None, *, acts: bool) -> None:
        self.answers[said] += 1
        if answer is None:
            if not self.allowed:
                self.wrong[f"{name}: {said}"] += 1
            return
        refused = acts and answer.status_code in REFUSALS
        if not (answer.is_success or refused or answer.status_code in self.allowed):
            self.wrong[f"{name}: {said} {answer.text[:120]}"] += 1
        self.acted += acts and answer.is_success
