"""Pages that are open learn of a change in their territory, in whichever replica it was written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import psycopg

from contracts.examples import threshold_reached
from tests.real.eventually import eventually
from tests.web.conftest import House, opened
from tests.web.population import AUTAN, TILLEULS


class Page:
    """A page that listens."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def event(self) -> str:
        """The name of the next event."""
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line.startswith("event: "):
                    return line.removeprefix("event: ")
        return "over"


@asynccontextmanager
async def listening(house: House, who: str) -> AsyncIterator[Page]:
    async with house.browser(who) as browser, browser.stream("GET", "/flux") as answer:
        page = Page(answer)
        assert await page.event() == "ouvert"
        yield page


def news(uai: str) -> object:
    return threshold_reached(student_id=uuid4(), alert_id=uuid4(), uai=uai)


async def test_a_page_hears_of_its_school_and_not_of_another(house: House) -> None:
    async with listening(house, "chef-tilleuls") as theirs, listening(house, "chef-autan") as other:
        await house.tell(news(TILLEULS))  # type: ignore[arg-type]
        assert await theirs.event() == "change"
        await house.tell(news(AUTAN))  # type: ignore[arg-type]
        assert await other.event() == "change"


async def test_a_page_hears_what_another_replica_wrote(house: House, nats_url: str, postgres_url: str) -> None:
    async with opened(nats_url, postgres_url) as second, listening(second, "chef-tilleuls") as page:
        with psycopg.connect(postgres_url, autocommit=True) as elsewhere:
            elsewhere.execute("SELECT pg_notify('perseverance_projections', %s)", (TILLEULS,))
        assert await page.event() == "change"


_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()
"""


async def test_after_a_lost_connection_pages_are_told_to_look(house: House, postgres_url: str) -> None:
    async with listening(house, "chef-tilleuls") as page:
        with psycopg.connect(postgres_url, autocommit=True) as owner:

            async def cut() -> bool:  # on a busy machine it may not have begun to listen yet
                return bool(owner.execute(_CUT).rowcount)

            await eventually(cut)
        assert await page.event() == "change"
        await house.tell(news(TILLEULS))  # type: ignore[arg-type]
        assert await page.event() == "change"


async def test_strangers_hear_nothing(house: House) -> None:
    async with house.browser() as browser:
        assert (await browser.get("/flux")).status_code == 401
