"""A head leads a parcours, with the real parcours service behind: the answer shows it, a refusal says what to do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.clock import SystemClock, today
from contracts.examples import pupil_identified, student_enrolled, threshold_reached
from services.parcours import rules
from services.parcours.app import build as build_parcours
from services.parcours.settings import ParcoursSettings
from services.projections import acts
from tests.real.projections.test_projections_acts import running
from tests.web.conftest import House, opened
from tests.web.population import AUTAN, TILLEULS

TODAY = today(SystemClock())
INE = "990000123AB"
FIELDS = ("state", "starts_on", "ends_on")


def day(number: int) -> str:
    """So many days from today."""
    return str(TODAY + timedelta(days=number))


@pytest.fixture
async def house(nats_url: str, postgres_url: str) -> AsyncIterator[House]:
    async with opened(nats_url, postgres_url) as house:
        yield house


@pytest.fixture
async def service(house: House, nats_url: str, postgres_url: str) -> AsyncIterator[None]:
    """The parcours service, running."""
    async with running(build_parcours(ParcoursSettings(nats_url=nats_url, database_url=postgres_url))):
        yield


@pytest.fixture
async def pupil(house: House) -> UUID:
    """A pupil of the school, born seventeen years ago."""
    student = uuid4()
    born = date(TODAY.year - 17, 1, 1)
    await house.tell(
        pupil_identified(student_id=student, ine=INE, uai=TILLEULS, birth_date=born, last_name="DURAND"),
        student_enrolled(student_id=student, uai=TILLEULS),
    )
    return student


@pytest.fixture
async def head(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.program("chef-tilleuls") as head:
        yield head


def opening(pupil: UUID, **differently: Any) -> dict[str, Any]:
    """What a head asks to open a TDO."""
    usual = {
        "student_id": str(pupil),
        "uai": TILLEULS,
        "scheme": "TDO",
        "starts_on": day(-10),
        "ends_on": day(60),
        "declared": {"volunteer": True, "solutions_tried": True},
    }
    return usual | differently


pytestmark = pytest.mark.usefixtures("service")


async def test_a_head_opens_a_parcours_and_leads_it_to_its_end(head: httpx.AsyncClient, pupil: UUID) -> None:
    answer = await head.post("/parcours", json=opening(pupil))
    assert answer.status_code == 200
    found = answer.json()
    assert [found[name] for name in FIELDS] == ["open", day(-10), day(60)]
    assert (found["last_name"], found["rule"]["id"]) == ("DURAND", "TDO-06")
    at = f"/parcours/{found['parcours_id']}"

    async def does(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await head.post(at + path, json=body)
        assert answer.status_code == 200, answer.text
        known: dict[str, Any] = answer.json()
        return known

    signed = {"partner": "E2C", "signed_on": day(-3), "since": day(-2), "why": "PARTNER_ASKED"}
    assert (await does("/conventions", signed))["partners"] == ["E2C"]
    assert (await does("/referent", {"referent_id": "cpe-tilleuls"}))["referent_id"] == "cpe-tilleuls"
    (period,) = (await does("/placements", {"starts_on": day(5), "ends_on": day(11)}))["placements"]
    moved = await head.put(f"{at}/placements/{period['placement_id']}", json={"starts_on": day(6), "ends_on": day(12)})
    assert [(each["first"], each["last"]) for each in moved.json()["placements"]] == [(day(6), day(12))]
    assert moved.json()["gauge"]["placement_days"] == 7
    gone = await head.delete(f"{at}/placements/{period['placement_id']}?why=HEALTH")
    assert (gone.json()["placements"], gone.json()["gauge"]["placement_days"]) == ([], 0)
    now, last = date.fromisoformat(day(0)), date.fromisoformat(day(60))
    due = rules.load().school_days.nearest(now + timedelta(30), now, last)
    assert (await does("/reviews", {"held_on": day(0)}))["next_review_on"] == (str(due) if due else None)
    paused = await does("/suspend", {"since": day(1), "why": "HEALTH"})
    assert (paused["state"], paused["suspended_since"]) == ("suspended", day(1))
    resumed = await does("/resume", {"since": day(3)})
    assert (resumed["state"], resumed["suspended_since"]) == ("open", None)
    assert (await does("/extend", {"ends_on": day(80)}))["ends_on"] == day(80)
    closed = await does("/close", {"outcome": "JOB", "closed_on": day(0)})
    assert (closed["state"], closed["outcome"]) == ("closed", "JOB")
    told = [(entry["kind"], entry["by"], entry["why"]) for entry in closed["timeline"]]
    assert len(told) == 11
    assert ("placement_cancelled", "chef-tilleuls", "HEALTH") in told


async def test_what_was_proposed_after_an_alert_is_opened_or_turned_down(
    house: House, head: httpx.AsyncClient, pupil: UUID
) -> None:
    alert = uuid4()
    await house.tell(threshold_reached(student_id=pupil, alert_id=alert, uai=TILLEULS))
    body = {"ine": INE, "uai": TILLEULS, "scheme": "TDO", "alert_id": str(alert), "gpds_on": day(-20)}
    proposed = (await head.post("/parcours/proposals", json=body)).json()
    assert (proposed["state"], proposed["alert_id"], proposed["student_id"]) == ("proposed", str(alert), str(pupil))
    said = {name: opening(pupil)[name] for name in ("starts_on", "ends_on", "declared")}
    opened = await head.post(f"/parcours/{proposed['parcours_id']}/open", json=said)
    assert opened.status_code == 200
    assert (opened.json()["state"], opened.json()["gpds_on"]) == ("open", day(-20))
    again = (await head.post("/parcours/proposals", json=body | {"alert_id": None})).json()
    refused = await head.post(f"/parcours/{again['parcours_id']}/refuse", json={"why": "FAMILY_ASKED"})
    assert refused.json()["state"] == "refused"


async def test_the_same_key_is_the_same_act(head: httpx.AsyncClient, pupil: UUID) -> None:
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(*(head.post("/parcours", json=opening(pupil), headers=key) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    (parcours,) = {answer.json()["parcours_id"] for answer in answers}
    assert len((await head.get("/parcours")).json()["items"]) == 1
    days = {"starts_on": day(5), "ends_on": day(11)}
    for _ in range(2):
        planned = await head.post(f"/parcours/{parcours}/placements", json=days, headers=key)
        assert len(planned.json()["placements"]) == 1


async def test_a_refusal_names_its_rule_its_source_and_a_remedy(head: httpx.AsyncClient, pupil: UUID) -> None:
    answer = await head.post("/parcours", json=opening(pupil, declared={"volunteer": False}))
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["type"], problem["code"]) == ("urn:perseverance:problem:not-a-volunteer", "not_a_volunteer")
    assert problem["detail"] == "L’élève doit être volontaire."
    assert problem["rule"] == "TDO-11"
    assert problem["source"].startswith("Circulaire")
    assert problem["remedy"].startswith("Recueillez son accord")
    found = (await head.post("/parcours", json=opening(pupil))).json()
    plain = await head.post(f"/parcours/{found['parcours_id']}/resume", json={"since": day(1)})
    assert plain.status_code == 409
    assert "rule" not in plain.json()


@pytest.mark.parametrize("said", [14, None])
async def test_the_age_is_the_registers_whatever_is_declared(
    head: httpx.AsyncClient, pupil: UUID, said: int | None
) -> None:
    declared = {"volunteer": True, "solutions_tried": True, "age": said}
    body = opening(pupil, scheme="PAFI", gpds_on=day(-20), declared=declared)
    assert (await head.post("/parcours", json=body)).status_code == 200


async def test_the_age_is_the_declared_one_when_the_register_has_none(house: House, head: httpx.AsyncClient) -> None:
    student = uuid4()
    await house.tell(pupil_identified(student_id=student, uai=TILLEULS, birth_date=None))
    declared = {"volunteer": True, "solutions_tried": True, "age": 14}
    body = opening(student, scheme="PAFI", gpds_on=day(-20), declared=declared)
    young = await head.post("/parcours", json=body)
    assert (young.status_code, young.json()["rule"]) == (409, "TDO-30")
    declared["age"] = 15
    assert (await head.post("/parcours", json=body)).status_code == 200


def test_an_age_is_counted_in_whole_years() -> None:
    born = date(2008, 2, 29)
    assert [acts.age(born, on) for on in (date(2024, 2, 28), date(2024, 2, 29), date(2025, 2, 28))] == [15, 16, 16]
    assert acts.age(born, date(2025, 3, 1)) == 17


async def test_what_is_done_and_not_shown_yet_is_accepted(
    house: House, head: httpx.AsyncClient, pupil: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "SHOWN_WITHIN_S", 0.3)
    monkeypatch.setattr("services.projections.reading.parcours.shows", lambda *_: False)
    accepted = await head.post("/parcours", json=opening(pupil))
    assert accepted.status_code == 202
    parcours = accepted.json()["parcours_id"]
    await house.settled()
    assert (await head.get(f"/parcours/{parcours}")).json()["state"] == "open"


async def test_a_mission_locale_keeps_delays_of_a_pupil_whose_ine_it_knows(house: House, pupil: UUID) -> None:
    async with house.program("mission") as partner:
        body = {"ine": INE, "uai": TILLEULS, "kind": "RETURN_INTERVIEW", "since": day(-1), "why": "PUPIL_ASKED"}
        elsewhere = await partner.post("/delays", json=body | {"ine": "990000999AB"})
        assert elsewhere.status_code == 404
        unseen = body | {"student_id": str(pupil)}
        del unseen["ine"]
        assert (await partner.post("/delays", json=unseen)).status_code == 404, (
            "not followed yet: the INE must be known"
        )
        started = await partner.post("/delays", json=body, headers={"Idempotency-Key": "one"})
        assert started.status_code == 200
        found = started.json()
        assert (found["state"], found["last_name"], found["started_by"]) == ("running", "DURAND", "mission")
        again = await partner.post("/delays", json=body, headers={"Idempotency-Key": "one"})
        assert again.json()["delay_id"] == found["delay_id"]
        assert (await partner.post("/delays", json=unseen | {"kind": "OF_SUMMONS"})).status_code == 200
        ended = await partner.post(f"/delays/{found['delay_id']}/end", json={"done": False, "why": "PUPIL_ASKED"})
        assert (ended.json()["state"], ended.json()["done"], ended.json()["ended_by"]) == ("ended", False, "mission")
        twice = await partner.post(f"/delays/{found['delay_id']}/end", json={})
        assert (twice.status_code, twice.json()["code"]) == (409, "delay_ended")


async def test_nothing_is_begun_in_a_school_that_is_elsewhere(head: httpx.AsyncClient, pupil: UUID) -> None:
    assert (await head.post("/parcours", json=opening(pupil, uai=AUTAN))).status_code == 404


async def test_a_pupil_whose_alert_is_shown_before_the_register_says_who_it_is(
    house: House, head: httpx.AsyncClient
) -> None:
    """The register and the alerts are told by two streams, either of which may be behind."""
    student, elsewhere = uuid4(), uuid4()
    alert = threshold_reached(student_id=student, uai=TILLEULS)
    await house.tell(alert, threshold_reached(student_id=elsewhere, alert_id=uuid4(), uai=AUTAN))
    known = (await head.get(f"/pupils/{student}")).json()
    assert (known["ine"], known["last_name"], len(known["alerts"])) == (None, None, 1)
    assert (await head.get(f"/pupils/{elsewhere}")).status_code == 404
    body = {"student_id": str(student), "uai": TILLEULS, "scheme": "TDO"}
    proposed = await head.post("/parcours/proposals", json=body | {"alert_id": str(alert.data.alert_id)})
    assert (proposed.status_code, proposed.json()["state"]) == (200, "proposed")
    unseen = await head.post("/parcours/proposals", json=body | {"student_id": str(elsewhere)})
    assert unseen.status_code == 404
    async with house.browser("chef-tilleuls") as browser:
        page = await browser.get(f"/parcours/nouveau?alerte={alert.data.alert_id}")
        assert page.status_code == 200
        assert "Identité non communiquée" in page.text
