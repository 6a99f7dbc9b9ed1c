"""The JSON API of parcours and delays, as it is read: what is told, to whom, and what is refused before it is sent."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.web.conftest import House
from tests.web.parcours_population import days, delay, parcours, placement
from tests.web.population import AUTAN, CYPRES, TILLEULS, alert, pupil
from tests.web.test_web_api import CANARY, everything

OPENING: dict[str, Any] = {
    "student_id": str(pupil("Éloïse")),
    "uai": TILLEULS,
    "scheme": "TDO",
    "starts_on": "2025-10-06",
    "ends_on": "2025-12-31",
    "declared": {"volunteer": True},
}


async def test_a_parcours_is_told_with_its_pupil_its_gauge_and_its_history(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        found = (await head.get(f"/parcours/{parcours('Zoé')}")).json()
    assert (found["last_name"], found["ine"], found["uai"]) == ("BÊTA", "990000101AB", TILLEULS)
    assert (found["scheme"], found["state"], found["ends_on"]) == ("AVENIR_PRO_PLUS", "open", str(days(23)))
    assert found["gauge"] == {"placement_days": 28, "parcours_days": 115, "most": 76}
    assert found["rule"]["id"] == "AE-21"
    assert found["placements"] == [
        {"placement_id": str(placement("Zoé")), "first": str(days(-53)), "last": str(days(-26))}
    ]
    assert [entry["kind"] for entry in found["timeline"]] == [
        "parcours_opened",
        "placement_planned",
        "placement_planned",
        "placement_changed",
        "placement_cancelled",
        "review_overdue",
        "status_expiring",
    ]
    changed, overdue = found["timeline"][3], found["timeline"][5]
    assert (changed["by"], changed["why"]) == ("mlds-31", "PARTNER_ASKED")
    assert changed["detail"]["period"] == {"first": str(days(-53)), "last": str(days(-26))}
    assert (overdue["by"], overdue["why"], overdue["detail"]["review_on"]) == (None, None, str(days(-3)))


async def test_the_journal_tells_which_emails_are_about_it(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        (mail,) = (await head.get(f"/mails?about_id={parcours('Zoé')}")).json()["items"]
    assert (mail["template"], mail["alert_id"]) == ("status_expiring", None)


async def test_what_was_only_proposed_has_no_days_and_no_gauge(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        found = (await head.get(f"/parcours/{parcours('Théo')}")).json()
    assert (found["state"], found["starts_on"], found["gauge"], found["rule"]) == ("proposed", None, None, None)
    assert (found["alert_id"], found["partners"]) == (str(alert("Théo")), [])


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ("state=&scheme=&uai=&ends_by=", {"Éloïse", "Zoé", "Noël", "Anaïs", "Léa", "Théo", "Maëlle"}),
        ("state=open", {"Éloïse", "Zoé"}),
        ("state=open&state=suspended", {"Éloïse", "Zoé", "Noël"}),
        (f"state=open&state=suspended&ends_by={days(30)}", {"Zoé", "Noël"}),
        ("scheme=AVENIR_PRO_PLUS", {"Zoé"}),
        ("state=closed&scheme=AMBITION_EMPLOI", {"Léa"}),
        (f"uai={AUTAN}", set()),
    ],
)
async def test_filters_narrow_and_empty_ones_do_not(house: House, filters: str, names: set[str]) -> None:
    async with house.program("chef-tilleuls") as head:
        items = (await head.get(f"/parcours?{filters}")).json()["items"]
    assert {item["first_name"] for item in items} == names


@pytest.mark.parametrize("path", ["/parcours?", "/delays?"])
async def test_paging_gives_everything_once_in_the_same_order(house: House, path: str) -> None:
    async with house.program("mlds-31") as coordinator, house.program("chef-tilleuls") as other:
        whole = (await coordinator.get(path)).json()["items"]
        assert len(whole) == (8 if "parcours" in path else 3)
        assert await everything(coordinator, path, 1) == whole
        cursor = (await coordinator.get(f"{path}page_size=1")).json()["next_cursor"]
        assert (await other.get(f"{path}page_size=1&cursor={cursor}")).status_code == 400
        assert (await coordinator.get(f"{path}page_size=1&uai={TILLEULS}&cursor={cursor}")).status_code == 400


async def test_a_delay_is_told_with_its_rule_and_its_history(house: House) -> None:
    async with house.program("cpe-tilleuls") as cpe:
        found = (await cpe.get(f"/delays/{delay('Zoé')}")).json()
        assert (found["kind"], found["state"], found["done"]) == ("RETURN_INTERVIEW", "reached", None)
        assert (found["first_name"], found["until"]) == ("Zoé", str(days(-4)))
        assert [entry["kind"] for entry in found["timeline"]] == ["delay_started", "delay_reached"]
        for query, names in (
            ("state=running", {"Éloïse"}),
            ("state=reached&state=ended", {"Zoé", "Noël"}),
            ("kind=OF_SUMMONS", {"Éloïse"}),
            (f"until_by={days(0)}", {"Zoé"}),
        ):
            items = (await cpe.get(f"/delays?{query}")).json()["items"]
            assert {item["first_name"] for item in items} == names


async def test_each_sees_the_territory(house: House) -> None:
    async with house.program("chef-autan") as head, house.program("mlds-31") as coordinator:
        assert [item["first_name"] for item in (await head.get("/parcours")).json()["items"]] == ["Iris"]
        items = (await coordinator.get("/parcours")).json()["items"]
        assert {item["uai"] for item in items} == {TILLEULS, CYPRES}
        for path in (f"/parcours/{parcours('Iris')}", f"/delays/{delay('Iris')}"):
            foreign, missing = await coordinator.get(path), await coordinator.get(path[:-4] + "beef")
            assert foreign.status_code == missing.status_code == 404
            assert foreign.json() == missing.json()


async def test_a_partner_sees_parcours_with_names_and_nothing_the_school_noted(house: House) -> None:
    async with house.program("mission") as partner:
        assert (await partner.get("/me")).json()["sees"] == "parcours"
        items = (await partner.get("/parcours")).json()["items"]
        assert {"ÂGÉNOR", "LOINTAIN"} <= {item["last_name"] for item in items}
        assert {item["alert_id"] for item in items} == {item["gpds_on"] for item in items} == {None}
        one = await partner.get(f"/parcours/{parcours('Éloïse')}")
        assert one.status_code == 200
        assert str(alert("Éloïse")) not in one.text
        assert len((await partner.get("/delays")).json()["items"]) == 4
        for path in ("/alerts", f"/alerts/{alert('Zoé')}", "/mails", "/counts", "/pupils", f"/pupils/{pupil('Zoé')}"):
            assert (await partner.get(path)).status_code == 403


@pytest.mark.parametrize("who", ["dasen-31", "recteur", "ancien"])
async def test_those_who_steer_or_left_are_refused(house: House, who: str) -> None:
    async with house.program(who) as someone:
        for path in ("/parcours", f"/parcours/{parcours('Zoé')}", "/delays", f"/delays/{delay('Zoé')}"):
            assert (await someone.get(path)).status_code == 403
        assert (await someone.post("/parcours", json=OPENING)).status_code == 403


@pytest.mark.parametrize("who", ["cpe-tilleuls", "mission"])
async def test_those_who_read_do_not_act(house: House, who: str) -> None:
    async with house.program(who) as someone:
        assert (await someone.post("/parcours", json=OPENING)).status_code == 403
        assert (await someone.post("/parcours/proposals", json=proposal())).status_code == 403
        closing = {"outcome": "JOB", "closed_on": "2025-12-01"}
        answer = await someone.post(f"/parcours/{parcours('Éloïse')}/close", json=closing)
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:perseverance:problem:not-for-this-role"


async def test_a_cpe_does_not_keep_delays(house: House) -> None:
    async with house.program("cpe-tilleuls") as cpe:
        assert (await cpe.post(f"/delays/{delay('Éloïse')}/end", json={})).status_code == 403


def proposal(**differently: Any) -> dict[str, Any]:
    known = {name: OPENING[name] for name in ("student_id", "uai", "scheme")}
    return {name: value for name, value in (known | differently).items() if value is not None}


@pytest.mark.parametrize(
    "body",
    [
        proposal(student_id=str(pupil("Iris"))),
        proposal(uai=AUTAN),
        proposal(student_id=str(uuid4())),
        proposal(student_id=None, ine="990009999AB"),
        proposal(student_id=None, ine="990000150AB"),  # Iris, by INE
        proposal(alert_id=str(alert("Iris"))),
        proposal(alert_id=str(alert("Zoé"))),  # in sight, and of somebody else
    ],
)
async def test_nothing_is_begun_for_a_pupil_a_school_or_an_alert_out_of_sight(
    house: House, body: dict[str, Any]
) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.post("/parcours/proposals", json=body)
    assert answer.status_code == 404


async def test_nobody_acts_on_what_is_elsewhere(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        for path, body in (
            (f"/parcours/{parcours('Iris')}/extend", {"ends_on": "2026-03-01"}),
            (f"/parcours/{parcours('Iris')}/placements", {"starts_on": "2026-03-01", "ends_on": "2026-03-02"}),
            (f"/delays/{delay('Iris')}/end", {}),
        ):
            assert (await head.post(path, json=body)).status_code == 404
        elsewhere = f"/parcours/{parcours('Iris')}/placements/{uuid4()}"
        assert (await head.delete(elsewhere)).status_code == 404
        assert (await head.put(elsewhere, json={"starts_on": "2026-03-01", "ends_on": "2026-03-02"})).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/parcours", OPENING | {"scheme": CANARY}, "body.scheme"),
        ("/parcours", OPENING | {"ends_on": CANARY}, "body.ends_on"),
        ("/parcours", OPENING | {"uai": CANARY}, "body.uai"),
        ("/parcours", OPENING | {"declared": {"diploma": CANARY}}, "body.declared.diploma"),
        ("/parcours", OPENING | {"why": CANARY}, "body.why"),
        ("/parcours", OPENING | {"ine": CANARY}, "body.ine"),
        ("/parcours", OPENING | {"ine": "990000101AB"}, "body.ine"),
        ("/parcours", OPENING | {"student_id": None}, "body.ine"),
        ("/parcours", OPENING | {CANARY.lower(): CANARY}, None),
        ("/parcours/proposals", {}, "body.uai"),
        (
            "/parcours/{id}/conventions",
            {"partner": CANARY, "signed_on": "2025-10-01", "since": "2025-10-01"},
            "body.partner",
        ),
        ("/parcours/{id}/referent", {"referent_id": CANARY}, "body.referent_id"),
        ("/parcours/{id}/referent", {"referent_id": f"{CANARY} {CANARY}"}, "body.referent_id"),
        ("/parcours/{id}/placements", {"starts_on": "2025-10-01"}, "body.ends_on"),
        ("/parcours/{id}/reviews", {"held_on": CANARY}, "body.held_on"),
        ("/parcours/{id}/suspend", {}, "body.since"),
        ("/parcours/{id}/close", {"outcome": CANARY, "closed_on": "2025-10-01"}, "body.outcome"),
        ("/delays", proposal(scheme=None, kind=CANARY, since="2025-10-01"), "body.kind"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_by_field_and_without_repeating_it(
    house: House, path: str, body: dict[str, Any], where: str | None
) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.post(path.format(id=parcours("Éloïse")), json=body)
    assert answer.status_code == 422
    assert where is None or where in [error["where"] for error in answer.json()["errors"]]
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "query",
    [f"state={CANARY}", f"scheme={CANARY}", f"uai={CANARY}", f"ends_by={CANARY}", "page_size=0", "ends_by=2025-13-01"],
)
async def test_a_filter_that_makes_no_sense_is_refused_without_repeating_it(house: House, query: str) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.get(f"/parcours?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].startswith("query.")
    assert CANARY not in answer.text


async def test_when_the_parcours_service_is_away_programs_are_told_to_try_again(house: House) -> None:
    body = {"ends_on": str(days(80) + timedelta(days=1))}
    async with house.program("chef-tilleuls") as head:
        answer = await head.post(f"/parcours/{parcours('Éloïse')}/extend", json=body)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:perseverance:problem:service-away"
    assert int(answer.headers["retry-after"]) > 0
