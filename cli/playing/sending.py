"""Events through the HTTP door, as school systems send them: in batches, in order for each school, with patience."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import httpx

from cli.errors import CliError, ExitCode
from cli.simulator.events import SimEvent, batch
from contracts.envelope import BATCH_CONTENT_TYPE

BATCH_SIZE = 500
LANES = 2
_TRY_AGAIN = frozenset((429, 502, 503, 504))
_PATIENCE_S = 120.0
_LONGEST_PAUSE_S = 5.0


class Sender:
    """A school system: sends batches on several lanes and counts what it is answered.

    All events of a school take the same lane, one batch after the other, so they arrive in order.
    `progress` is called with the number of events of each batch once it is answered.
    """

    def __init__(self, url: str, api_key: str, progress: Callable[[int], None] = lambda _: None) -> None:
        self.verdicts: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.retries = 0
        self._progress = progress
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {api_key}", "content-type": BATCH_CONTENT_TYPE},
            timeout=60.0,
            trust_env=False,
        )

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def send(self, by_school: dict[str, list[SimEvent]]) -> None:
        """Send everything; returns when each event has its verdict. Raises CliError when the door stays shut."""
        lanes: list[list[SimEvent]] = [[] for _ in range(LANES)]
        for number, uai in enumerate(sorted(by_school)):
            lanes[number % LANES].extend(by_school[uai])
        await asyncio.gather(*(self._lane(lane) for lane in lanes))

    async def _lane(self, events: Sequence[SimEvent]) -> None:
        for start in range(0, len(events), BATCH_SIZE):
            part = list(events[start : start + BATCH_SIZE])
            self._count((await self._post(batch(part))).json()["verdicts"])
            self._progress(len(part))

    async def _post(self, body: bytes) -> httpx.Response:
        """The answer to a batch, asked again for as long as the suite says "not now" (ids make that harmless)."""
        loop = asyncio.get_running_loop()
        limit, pause = loop.time() + _PATIENCE_S, 0.1
        while True:
            try:
                answer = await self._client.post("/events", content=body)
                if answer.status_code not in _TRY_AGAIN:
                    return _accepted(answer)
                pause = max(pause, min(_LONGEST_PAUSE_S, _seconds(answer.headers.get("retry-after"))))
            except httpx.TransportError:
                pass  # the same as 503: it may have been stored, which its ids will tell
            if loop.time() > limit:
                raise CliError("the suite takes no events", "see `perseverance doctor`", ExitCode.UNREACHABLE)
            self.retries += 1
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE_S, 2 * pause)

    def _count(self, verdicts: Iterable[dict[str, str]]) -> None:
        for verdict in verdicts:
            self.verdicts[verdict["status"]] += 1
            if verdict["status"] == "refused":
                self.codes[verdict.get("code") or "?"] += 1


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        why = str(answer.json().get("title", ""))
    except ValueError:
        why = ""
    raise CliError(f"the door answers {answer.status_code} {why}".rstrip(), "is the sender's key still good?")


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
