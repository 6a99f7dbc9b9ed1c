"""A head acts on an alert, with the real alerts service behind: the page shows it, twice is once, refusals say why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.clock import SystemClock, today
from chassis.service import Service
from chassis.settings import Settings
from contracts.examples import absence_reported, threshold_reached
from contracts.examples.common import half_days
from contracts.identifiers import school_year_of
from services.alerts.app import build as build_alerts
from tests.real.eventually import eventually
from tests.unit.projections.given import message
from tests.web.conftest import House
from tests.web.dom import Node, parse
from tests.web.population import TILLEULS


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """The other service, as long as the block lasts."""
    stop = asyncio.Event()

    async def serve() -> None:
        async with service.app().start_lifespan_context():
            await stop.wait()

    serving = asyncio.create_task(serve())

    async def ready() -> bool:
        return not await service.not_ready()

    await eventually(ready)
    yield
    stop.set()
    await serving


@pytest.fixture
async def alert(house: House, nats_url: str, postgres_url: str) -> AsyncIterator[UUID]:
    """An alert of the real service, raised by four absences of this school year."""
    async with running(build_alerts(Settings(nats_url=nats_url, database_url=postgres_url))):
        first = today(SystemClock()).replace(day=1)
        assert school_year_of(first)
        student = uuid4()
        for number, half_day in enumerate(half_days(4, first)):
            one = message(absence_reported(student_id=student, uai=TILLEULS, half_day=half_day, id=f"a{number}"))
            await house.service.nats.js.publish(one.subject, one.data)
        async with house.program("chef-tilleuls") as head:

            async def raised() -> list[dict[str, str]]:
                return list((await head.get("/alerts")).json()["items"])

            yield UUID((await eventually(raised))[0]["alert_id"])


def form_of(page: Node, path: str) -> dict[str, str]:
    form = page.one("form", where=lambda node: node.get("action", "").endswith(path))
    return {field["name"]: field.get("value") for field in form.all("input")}


async def submit(browser: httpx.AsyncClient, alert: UUID, path: str, **said: str) -> httpx.Response:
    page = parse((await browser.get(f"/alertes/{alert}")).text)
    return await browser.post(f"/alertes/{alert}{path}", data=form_of(page, path) | said)


async def test_without_a_script_a_head_takes_charge_acts_and_closes(house: House, alert: UUID) -> None:
    day = today(SystemClock())
    async with house.browser("chef-tilleuls") as browser:
        steps = [
            ("/prise-en-charge", {}, "Prise en charge", "Vous avez pris cette alerte en charge"),
            ("/gestes", {"geste": "FAMILY_CONTACTED", "le": day.isoformat()}, "Suivie", "Votre geste est enregistré"),
            ("/gestes", {"geste": "GPDS", "le": f"{day:%d/%m/%Y}"}, "Suivie", "Votre geste est enregistré"),
            ("/cloture", {"motif": "REFERRED"}, "Close", "L’alerte est close"),
        ]
        for path, said, state, told in steps:
            answer = await submit(browser, alert, path, **said)
            assert answer.status_code == 303
            page = parse((await browser.get(answer.headers["location"])).text)
            facts = page.one("dl", where=lambda node: node.get("class") == "facts")
            assert state in facts.text, "the page shows one's own act at once"
            assert told in page.text
        history = page.one("ol", where=lambda node: node.get("class") == "timeline").text
        for step in (
            "Prise en charge par Dominique",
            "Famille contactée",
            "Situation examinée en GPDS",
            "Alerte close",
        ):
            assert step in history
        assert "relais transmis" in history
        home = parse((await browser.get("/")).text)
        assert "Rien à traiter" in home.text


async def test_the_same_form_sent_twice_is_one_act(house: House, alert: UUID) -> None:
    async with house.browser("chef-tilleuls") as browser:
        page = parse((await browser.get(f"/alertes/{alert}")).text)
        said = form_of(page, "/gestes") | {"geste": "INTERVIEW", "le": today(SystemClock()).isoformat()}
        answers = await asyncio.gather(*(browser.post(f"/alertes/{alert}/gestes", data=said) for _ in range(3)))
        assert [answer.status_code for answer in answers] == [303, 303, 303]
        history = parse((await browser.get(f"/alertes/{alert}")).text)
        assert history.text.count("Entretien avec l’élève le") == 1


async def test_what_is_missing_is_said_at_its_field_and_what_was_typed_is_kept(house: House, alert: UUID) -> None:
    tomorrow = today(SystemClock()) + timedelta(days=1)
    async with house.browser("chef-tilleuls") as browser:
        for said, field in (
            ({"geste": "", "le": "2025-10-10"}, "geste"),
            ({"geste": "GPDS", "le": "hier"}, "le"),
            ({"geste": "GPDS", "le": tomorrow.isoformat()}, "le"),
        ):
            answer = await submit(browser, alert, "/gestes", **said)
            assert answer.status_code == 422
            page = parse(answer.text)
            assert page.one("title").text.startswith("Erreur")
            summary = page.by_id("erreurs")
            assert summary is not None
            assert summary["role"] == "alert"
            assert summary.one("a")["href"] == f"#{field}"
            wrong = page.by_id(field)
            assert wrong is not None
            assert wrong["aria-invalid"] == "true"
            assert wrong["aria-describedby"] == f"{field}-erreur"
            if said["geste"]:
                chosen = page.one("option", where=lambda node: "selected" in node.attributes)
                assert chosen["value"] == said["geste"]
        answer = await submit(browser, alert, "/cloture", motif="")
        assert answer.status_code == 422


async def test_a_day_that_is_refused_is_shown_at_its_field_and_all_is_kept(house: House, alert: UUID) -> None:
    async with house.browser("chef-tilleuls") as browser:
        answer = await submit(browser, alert, "/gestes", geste="GPDS", le="1990-01-01")
    assert answer.status_code == 409
    page = parse(answer.text)
    summary, day = page.by_id("erreurs"), page.by_id("le")
    assert summary is not None
    assert day is not None
    assert summary.one("a")["href"] == "#le"
    assert (day["value"], day["aria-invalid"], day["aria-describedby"]) == ("1990-01-01", "true", "le-erreur")
    assert page.one("option", where=lambda node: "selected" in node.attributes)["value"] == "GPDS"


async def test_an_act_that_makes_no_sense_is_refused_with_the_reason(house: House, alert: UUID) -> None:
    async with house.program("chef-tilleuls") as head, house.browser("cpe-tilleuls") as browser:
        assert (await head.post(f"/alerts/{alert}/acknowledge")).json()["state"] == "acknowledged"
        again = await head.post(f"/alerts/{alert}/acknowledge")
        assert again.status_code == 409
        assert again.json()["type"] == "urn:perseverance:problem:already-acknowledged"
        assert "déjà prise en charge" in again.json()["detail"]
        page = parse((await browser.get(f"/alertes/{alert}")).text)
        answer = await browser.post(f"/alertes/{alert}/prise-en-charge", data=form_of(page, "/gestes"))
        assert answer.status_code == 409
        assert "déjà prise en charge" in answer.text


async def test_programs_act_and_see_it_in_the_answer(house: House, alert: UUID) -> None:
    day = today(SystemClock()).isoformat()
    async with house.program("cpe-tilleuls") as cpe:
        key = {"Idempotency-Key": str(uuid4())}
        for _ in range(2):
            answer = await cpe.post(f"/alerts/{alert}/follow-ups", json={"kind": "GPDS", "on": day}, headers=key)
            assert answer.status_code == 200
            assert answer.json()["state"] == "followed_up"
        entries = [entry for entry in answer.json()["timeline"] if entry["kind"] == "followed_up"]
        assert [(entry["detail"], entry["on"], entry["by"]) for entry in entries] == [("GPDS", day, "cpe-tilleuls")]
        closed = await cpe.post(f"/alerts/{alert}/close", json={"motive": "OTHER"})
        assert (closed.json()["state"], closed.json()["last_action"]) == ("closed", "OTHER")


async def test_when_the_alerts_service_is_away_people_are_told_to_try_again(
    house: House, nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.projections.commands.ANSWER_WITHIN_S", 0.5)
    lonely = uuid4()
    await house.tell(threshold_reached(alert_id=lonely, uai=TILLEULS))
    async with house.program("chef-tilleuls") as head, house.browser("chef-tilleuls") as browser:
        answer = await head.post(f"/alerts/{lonely}/acknowledge")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        asked = form_of(parse((await browser.get(f"/alertes/{lonely}")).text), "/cloture") | {"motif": "OTHER"}
        page = await browser.post(f"/alertes/{lonely}/cloture", data=asked)
        assert page.status_code == 503
        assert "réessayez dans un instant" in page.text
        again = parse(page.text)
        assert form_of(again, "/cloture")["key"] == asked["key"], "sent again, it is the same act"
        assert again.one("option", where=lambda node: "selected" in node.attributes)["value"] == "OTHER"
