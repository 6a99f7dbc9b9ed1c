"""What a coordinator makes of an answer, before anybody judges the suite by it."""

import random
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from tests.chaos import coordination
from tests.chaos.acts import DONE, REFUSED, UNKNOWN, Act
from tests.chaos.coordination import Coordination
from tests.chaos.desk import Desk
from tests.chaos.followed import Followed
from tests.chaos.house import House

LOST = 0
"""Instead of a status: no answer came."""


class Answers:
    """A desk where each act is answered with the next of these, and the last again and again."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.wrong: dict[str, int] = {}

    async def ask(self, *_: Any, **__: Any) -> httpx.Response | None:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return httpx.Response(status, json={"parcours_id": "1"}) if status else None

    def not_now(self, answer: httpx.Response | None) -> bool:
        return answer is None


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"_AGAIN_S": 0.0, "_SHOWN_WITHIN_S": 0.2, "_TWICE": 0.0, "_GIVE_UP": 0.0}.items():
        monkeypatch.setattr(coordination, name, value)


@pytest.mark.parametrize(
    ("parcours", "statuses", "outcome"),
    [
        ("1", [200], DONE),
        ("1", [409], REFUSED),
        ("1", [404, 404, 200], DONE),
        ("1", [404], REFUSED),
        ("1", [404, 409], REFUSED),
        ("1", [LOST, 404, 409], UNKNOWN),
        ("", [404, 200], REFUSED),
    ],
    ids=[
        "done",
        "refused",
        "not found for a moment",
        "never found again",
        "found again, and refused",
        "refused after a lost answer",
        "an opening has nothing to be found",
    ],
)
async def test_what_became_of_an_act(parcours: str, statuses: list[int], outcome: str) -> None:
    house = SimpleNamespace(schools=["0310001A"], record=SimpleNamespace(add=lambda *_, **__: None))
    people = Coordination(cast(House, house), cast(Desk, Answers(*statuses)), random.Random(1))
    act = Act("resume", "p1", "m1", {}, "k1", parcours)
    followed = Followed("m1", "p1", "0310001A", "a1", date(2026, 1, 5))
    async with httpx.AsyncClient() as client:
        await people._act(client, "token", (followed, act), random.Random(1))
    assert act.outcome == outcome
