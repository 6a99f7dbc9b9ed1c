"""Simulated people: whom they open parcours for, what they do about them afterwards, and how patient they are."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

import httpx
import pytest

from cli.errors import CliError
from cli.playing import desk as desks
from cli.playing.coordinating import Coordination, busy_coordinators, those_who_act
from cli.playing.desk import Desk
from cli.simulator.academy import Academy, SimActor, build
from cli.simulator.calendar import month_ends
from contracts.directory import Role, SchoolType
from contracts.parcours import Scheme

DESK_DAYS = month_ends("2025-2026")
UPPER = (SchoolType.LP, SchoolType.LPO, SchoolType.LGT)


class FakeDesk:
    """Shows `alerts` to everyone, refuses nothing, and remembers who did what."""

    def __init__(self, alerts: list[dict[str, Any]]) -> None:
        self.alerts = alerts
        self.done: list[tuple[str, str, str, Mapping[str, Any], str]] = []

    async def items(self, actor: SimActor, path: str, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert path == "/api/v1/alerts"
        assert set(query["state"]) == {"raised", "acknowledged", "followed_up"}
        return [
            alert for alert in self.alerts if (str(alert["level"]), alert["month"]) == (query["level"], query["month"])
        ]

    async def act(
        self, actor: SimActor, name: str, path: str, body: Mapping[str, Any], key: str
    ) -> dict[str, Any] | None:
        self.done.append((actor.id, name, path, body, key))
        return {"parcours_id": f"p{len(self.done)}"}

    async def wait_shown(self, actor: SimActor, path: str) -> None:
        assert path.startswith("/api/v1/parcours/p")

    def opened(self) -> list[Mapping[str, Any]]:
        return [body for _, name, _, body, _ in self.done if name == "parcours_opened"]


@pytest.fixture(scope="module")
def academy() -> Academy:
    return build(20, 2000, 1)


def alerts(academy: Academy, month: str, level: int, each: int = 6) -> list[dict[str, Any]]:
    """Some standing alerts of every school."""
    return [
        {
            "alert_id": f"{month}-{level}-{pupil.ine}",
            "student_id": f"s-{pupil.ine}",
            "ine": pupil.ine,
            "uai": uai,
            "level": level,
            "month": month,
        }
        for uai, pupils in academy.pupils.items()
        for pupil in pupils[:each]
    ]


def year(academy: Academy) -> FakeDesk:
    """What people do in a whole year, with the same alerts each month."""
    months = [f"{day:%Y-%m}" for day in DESK_DAYS]
    desk = FakeDesk([alert for month in months for level in (1, 2) for alert in alerts(academy, month, level)])
    coordination = Coordination(academy, cast(Desk, desk))

    async def work() -> None:
        for day in DESK_DAYS:
            await coordination.work(f"{day:%Y-%m}", day)

    asyncio.run(work())
    return desk


def test_a_year_of_parcours_is_bounded_and_has_every_scheme(academy: Academy) -> None:
    opened = year(academy).opened()
    assert 30 <= len(opened) <= 80
    schemes = Counter(body["scheme"] for body in opened)
    assert set(schemes) == {Scheme.TDO, Scheme.AMBITION_EMPLOI, Scheme.AVENIR_PRO_PLUS}
    assert schemes[Scheme.TDO] > len(opened) / 2
    levels = Counter(body["alert_id"].split("-")[2] for body in opened if "alert_id" in body)
    assert levels["2"] > levels["1"] > 0


def test_the_same_académie_does_the_same(academy: Academy) -> None:
    assert year(academy).done == year(academy).done


def test_each_pupil_has_one_parcours_and_each_act_a_key_of_its_own(academy: Academy) -> None:
    desk = year(academy)
    pupils = Counter(body.get("ine") or body["student_id"].removeprefix("s-") for body in desk.opened())
    assert set(pupils.values()) == {1}
    keys = Counter((actor, path, key) for actor, _, path, _, key in desk.done)
    assert set(keys.values()) == {1}


def test_parcours_are_for_pupils_of_upper_schools_and_those_after_the_exam_for_vocational_ones(
    academy: Academy,
) -> None:
    types = {school.uai: school.type for school in academy.schools}
    for body in year(academy).opened():
        after_exam = body["scheme"] != Scheme.TDO
        assert types[body["uai"]] in ((SchoolType.LP, SchoolType.LPO) if after_exam else UPPER)
        assert ("ine" in body) is after_exam
        assert ("student_id" in body) is not after_exam
        assert (body["declared"].get("session") == 2025) is after_exam
        if body["scheme"] == Scheme.AMBITION_EMPLOI:
            assert date.fromisoformat(body["starts_on"]) < date(2025, 12, 10)
        if body["scheme"] == Scheme.AVENIR_PRO_PLUS:
            assert date.fromisoformat(body["starts_on"]) >= date(2025, 12, 10)


def test_who_opens_a_parcours_looks_after_it(academy: Academy) -> None:
    desk = year(academy)
    openers = {f"p{n}": actor for n, (actor, name, *_) in enumerate(desk.done, 1) if name == "parcours_opened"}
    acted = Counter(name for _, name, *_ in desk.done)
    assert {"conventions_signed", "placements_planned", "parcours_extended", "parcours_closed"} <= set(acted)
    for actor, name, path, *_ in desk.done:
        if name != "parcours_opened":
            assert openers[path.split("/")[4]] == actor
    assert set(openers.values()) <= {actor.id for actor in those_who_act(academy)}


def test_an_académie_without_upper_schools_opens_none() -> None:
    small = build(1, 30, 1)
    assert {school.type for school in small.schools} == {SchoolType.CLG}
    assert list(those_who_act(small)) == []
    assert year(small).opened() == []


def test_coordinators_are_those_of_the_networks_with_the_most_absence(academy: Academy) -> None:
    found = busy_coordinators(academy)
    assert {actor.role for actor in found} == {Role.COORD_MLDS}
    assert busy_coordinators(academy, 1) == found[:1]


def answering(*answers: int | type[httpx.TransportError]) -> tuple[Desk, list[httpx.Request]]:
    """A desk whose requests are answered so, one after the other; and what it asked."""
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        answer = answers[len(asked)]
        asked.append(request)
        if isinstance(answer, int):
            return httpx.Response(answer, json={"parcours_id": "p1", "items": [len(asked)], "next_cursor": None})
        raise answer("away", request=request)

    desk = Desk("http://test", {"mlds": "token"})
    desk._client = httpx.AsyncClient(base_url="http://test", transport=httpx.MockTransport(handle))
    return desk, asked


MLDS = SimActor("mlds", "", "", Role.COORD_MLDS, "R1")


async def test_what_is_not_now_is_asked_again_with_the_same_key() -> None:
    desk, asked = answering(503, httpx.ConnectError, 200)
    assert await desk.act(MLDS, "parcours_opened", "/api/v1/parcours", {"a": 1}, "key") == {
        "parcours_id": "p1",
        "items": [3],
        "next_cursor": None,
    }
    assert {request.headers["idempotency-key"] for request in asked} == {"key"}
    assert {request.headers["authorization"] for request in asked} == {"Bearer token"}
    assert desk.acts == {"parcours_opened": 1}


async def test_what_is_refused_is_counted_and_not_asked_again() -> None:
    desk, asked = answering(409)
    assert await desk.act(MLDS, "parcours_closed", "/api/v1/parcours/p1/close", {}, "key") is None
    assert desk.acts == {"refused": 1}
    assert len(asked) == 1


async def test_what_was_done_is_waited_for_until_it_is_shown() -> None:
    desk, asked = answering(404, 404, 200)
    await desk.wait_shown(MLDS, "/api/v1/parcours/p1")
    assert len(asked) == 3


async def test_pages_that_do_not_answer_are_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "_PATIENCE_S", 0.0)
    desk, _ = answering(403, 503, 503)
    with pytest.raises(CliError, match="403 from /api/v1/alerts"):
        await desk.items(MLDS, "/api/v1/alerts", {})
    with pytest.raises(CliError, match="503 from"):
        await desk.act(MLDS, "x", "/api/v1/parcours", {}, "key")
    await desk.close()
