"""People at their desks: what they look at and what they do, by the JSON API, each with a token of their own."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from cli.errors import CliError
from cli.simulator.academy import SimActor

_AT_ONCE = 4
_PAGE = 200
_TRY_AGAIN = frozenset((429, 502, 503, 504))
_PATIENCE_S = 60.0
_PAUSES_S = (0.05, 2.0)


class Desk:
    """Asks in people's names, a few requests at once; `acts` counts what they did, and what was "refused".

    Raises CliError when the pages do not answer as they should.
    """

    def __init__(self, url: str, tokens: Mapping[str, str]) -> None:
        self.acts: Counter[str] = Counter()
        self._tokens = tokens
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._client = httpx.AsyncClient(base_url=url, timeout=30.0, trust_env=False)

    async def close(self) -> None:
        """Go home."""
        await self._client.aclose()

    async def items(self, actor: SimActor, path: str, query: Mapping[str, str | list[str]]) -> list[dict[str, Any]]:
        """All that a list holds for `actor`."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await self._ask(actor, "GET", path, params={**query, "page_size": str(_PAGE), "cursor": cursor})
            if not answer.is_success:
                raise _unexpected(f"{answer.status_code} from {path}")
            page = answer.json()
            found += page["items"]
            cursor = page["next_cursor"]
        return found

    async def act(
        self, actor: SimActor, name: str, path: str, body: Mapping[str, Any], key: str
    ) -> dict[str, Any] | None:
        """Do something, counted as `name`; what is answered, or None when it is refused. Same `key`, same act."""
        answer = await self._ask(actor, "POST", path, json=body, headers={"idempotency-key": key})
        self.acts[name if answer.is_success else "refused"] += 1
        return dict(answer.json()) if answer.is_success else None

    async def wait_shown(self, actor: SimActor, path: str) -> None:
        """Return once there is something at `path`: what was done is shown a moment later."""
        pause, longest = _PAUSES_S
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not (await self._ask(actor, "GET", path)).is_success:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, longest)
        except TimeoutError:
            raise _unexpected(f"{path} is not shown") from None

    async def _ask(self, actor: SimActor, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, asked again for as long as it is "not now": the acts have keys, which makes that harmless."""
        headers = {"authorization": f"Bearer {self._tokens[actor.id]}", **more.pop("headers", {})}
        pause, longest = _PAUSES_S
        limit = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                async with self._free:
                    answer = await self._client.request(method, path, headers=headers, **more)
                if answer.status_code not in _TRY_AGAIN:
                    return answer
                problem = str(answer.status_code)
            except httpx.TransportError as error:
                problem = type(error).__name__
            if asyncio.get_running_loop().time() > limit:
                raise _unexpected(f"{problem} from {path}")
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)


def _unexpected(problem: str) -> CliError:
    return CliError(f"the pages do not answer as they should ({problem})", "see `perseverance doctor`")
