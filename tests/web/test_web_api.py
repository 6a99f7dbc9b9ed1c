"""The JSON API: what programs outside rely on."""

import base64
import json
from uuid import uuid4

import httpx
import pytest

from contracts.examples.common import half_days
from tests.web.conftest import House
from tests.web.population import TILLEULS, alert, pupil

FIELDS = {"alert_id", "student_id", "ine", "uai", "level", "month", "state", "half_days", "evidence"}
OF_PUPILS = {"student_id", "ine", "last_name", "first_name", "class_name", "uai", "alerts_open", "scheme"}
CANARY = "ZZCANARY"


async def everything(client: httpx.AsyncClient, path: str, size: int) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    cursor = ""
    while True:
        page = (await client.get(f"{path}page_size={size}&cursor={cursor}")).json()
        assert len(page["items"]) <= size
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def test_an_alert_is_told_with_its_pupil_and_its_evidence(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        item = (await head.get(f"/alerts/{alert('Éloïse')}")).json()
    assert item.keys() >= FIELDS
    assert (item["student_id"], item["ine"], item["uai"]) == (str(pupil("Éloïse")), "990000100AB", TILLEULS)
    assert (item["level"], item["month"], item["state"], item["half_days"]) == (1, "2025-10", "raised", 4)
    assert item["evidence"]["rule"] == {
        "id": "ABS-11",
        "version": item["evidence"]["rule"]["version"],
        "threshold": 4,
        "window": "calendar_month",
    }
    dates = [entry["half_day"]["date"] for entry in item["evidence"]["counted"]]
    assert dates == [each.date.isoformat() for each in half_days(4)]
    assert [entry["kind"] for entry in item["timeline"]] == ["raised"]


async def test_the_count_is_told_where_it_changed_last(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        item = (await head.get(f"/alerts/{alert('Maëlle')}")).json()
    last = item["timeline"][-1]
    assert (last["kind"], last["half_days"], last["event_id"]) == ("count_changed", 6, None)
    assert last["at"].startswith("2025-10-18T14:00")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("level=&state=&uai=&month=", 39),
        ("level=2", 1),
        ("level=1", 38),
        ("state=acknowledged", 1),
        ("state=lifted&state=closed", 2),
        ("month=2025-10", 39),
        ("month=2025-09", 0),
        (f"uai={TILLEULS}&level=2&state=raised&month=2025-10", 1),
    ],
)
async def test_filters_narrow_and_empty_ones_do_not(house: House, filters: str, expected: int) -> None:
    async with house.program("chef-tilleuls") as head:
        items = (await head.get(f"/alerts?{filters}&page_size=500")).json()["items"]
        assert len(items) == expected


@pytest.mark.parametrize("size", [1, 7, 38, 39, 500])
async def test_paging_gives_everything_once_in_the_same_order(house: House, size: int) -> None:
    async with house.program("chef-tilleuls") as head:
        whole = (await head.get("/alerts?page_size=500")).json()["items"]
        assert await everything(head, "/alerts?", size) == whole
        assert len({item["alert_id"] for item in whole}) == 39
        mails = (await head.get("/mails?page_size=500")).json()["items"]
        assert await everything(head, "/mails?", size) == mails


async def test_a_cursor_is_good_for_whoever_got_it_and_what_they_asked(house: House) -> None:
    async with house.program("chef-tilleuls") as head, house.program("cpe-tilleuls") as other:
        cursor = (await head.get("/alerts?page_size=1")).json()["next_cursor"]
        for client, query in ((head, "level=1"), (head, ""), (other, "")):
            answer = await client.get(f"/alerts?page_size=1&{query}&cursor={cursor}")
            assert answer.status_code == (200 if client is head and not query else 400)
        assert (await head.get(f"/alerts?cursor={CANARY}")).status_code == 400


async def test_the_journal_tells_doubt_until_it_is_settled_and_after(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        mails = (await head.get(f"/mails?alert_id={alert('Éloïse')}&page_size=500")).json()["items"]
        assert sorted((mail["state"], mail["doubtful"]) for mail in mails) == [
            ("refused", False),
            ("requested", False),
            ("sent", False),
            ("sent", True),
            ("uncertain", True),
        ]
        assert len((await head.get("/mails?state=sent")).json()["items"]) == 3


async def test_a_pupil_is_told_with_schools_and_alerts(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        found = (await head.get(f"/pupils/{pupil('Loïc')}")).json()
    assert (found["last_name"], found["first_name"], found["class_name"]) == ("HÉRAULT", "Loïc", "TMELEC1")
    assert [item["level"] for item in found["alerts"]] == [2, 1]
    assert [(each["uai"], each["left_on"]) for each in found["enrolments"]] == [(TILLEULS, None)]


async def test_the_pupils_on_the_roll_are_told_with_what_goes_on(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        items = (await head.get(f"/pupils?uai={TILLEULS}&page_size=500")).json()["items"]
        assert all(item.keys() == OF_PUPILS for item in items)
        assert [item["student_id"] for item in items] == sorted(item["student_id"] for item in items)
        found = {item["last_name"]: item for item in items}
        loic = found["HÉRAULT"]
        assert (loic["first_name"], loic["class_name"], loic["uai"]) == ("Loïc", "TMELEC1", TILLEULS)
        assert (loic["alerts_open"], loic["scheme"]) == (2, None)
        assert (found["DUPRÉ"]["alerts_open"], found["ÂGÉNOR"]["scheme"]) == (0, "TDO")
        narrowed = (await head.get("/pupils?class_name=2GT2&uai=")).json()["items"]
        assert {item["last_name"] for item in narrowed} == {"ÇELIK", "DUPRÉ"}
        assert len((await head.get("/pupils?class_name=")).json()["items"]) == len(items)


@pytest.mark.parametrize("size", [1, 3, 8, 500])
async def test_paging_gives_every_pupil_once_and_cursors_name_nobody(house: House, size: int) -> None:
    async with house.program("mlds-31") as coordinator, house.program("chef-tilleuls") as head:
        whole = (await coordinator.get("/pupils?page_size=500")).json()["items"]
        assert await everything(coordinator, "/pupils?", size) == whole
        assert len({(item["student_id"], item["uai"]) for item in whole}) == len(whole) > 8
        cursor = (await coordinator.get("/pupils?page_size=1")).json()["next_cursor"]
        place = base64.urlsafe_b64decode(cursor + "==")[16:]
        assert json.loads(place) == [whole[0]["student_id"], whole[0]["uai"]]
        for client, query in ((coordinator, "&class_name=2GT2"), (head, "")):
            assert (await client.get(f"/pupils?page_size=1{query}&cursor={cursor}")).status_code == 400
        other = (await coordinator.get("/alerts?page_size=1")).json()["next_cursor"]
        assert (await coordinator.get(f"/pupils?page_size=1&cursor={other}")).status_code == 400


@pytest.mark.parametrize(
    "query",
    [f"uai={CANARY}", f"page_size={CANARY}", "page_size=501", f"class_name={CANARY * 20}", f"class_name={CANARY}%00"],
)
async def test_a_filter_of_pupils_that_makes_no_sense_is_refused_without_repeating_it(house: House, query: str) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.get(f"/pupils?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["where"].startswith("query.")
        assert CANARY not in answer.text
        assert (await head.get(f"/pupils?class_name={CANARY}")).json() == {"items": [], "next_cursor": None}
        assert (await head.get(f"/pupils?cursor={CANARY}")).status_code == 400


async def test_an_alert_whose_pupil_the_register_has_not_told_yet_is_there_without_a_name(house: House) -> None:
    async with house.program("mlds-31") as coordinator:
        item = (await coordinator.get(f"/alerts/{alert('Inconnu')}")).json()
        assert (item["ine"], item["last_name"]) == (None, None)


@pytest.mark.parametrize("token", [None, CANARY, "a.b.c"])
async def test_without_a_valid_token_nothing_is_told(house: House, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=house.url, headers=headers) as stranger:
        for path in ("/api/v1/alerts", "/api/v1/pupils", "/api/v1/me", "/api/v1/counts", "/api/v1/schools"):
            answer = await stranger.get(path)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"
            assert CANARY not in answer.text


async def test_the_cookie_of_the_pages_does_not_open_the_api(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        assert (await browser.get("/api/v1/alerts")).status_code == 401


async def test_somebody_the_directory_does_not_know_is_refused(house: House) -> None:
    async with house.program("nobody") as someone:
        assert (await someone.get("/alerts")).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        f"level={CANARY}",
        f"state={CANARY}",
        f"uai={CANARY}",
        "uai=0310001A",
        f"month={CANARY}",
        "month=2025-13",
        "page_size=0",
        "page_size=501",
        f"page_size={CANARY}",
        "level=3",
        "month=%00",
        "uai=%ED%A0%80",
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused_without_repeating_it(house: House, query: str) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.get(f"/alerts?{query}")
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["status"], problem["type"]) == (422, "urn:perseverance:problem:invalid")
    assert problem["errors"][0]["where"].startswith("query.")
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json " + CANARY.encode(),
        b'{"kind": NaN}',
        b'{"kind": "\\ud800", "on": "2025-10-10"}',
        b'{"kind": "GPDS\\u0000", "on": "2025-10-10"}',
        b'{"kind": "GPDS", "on": "' + CANARY.encode() + b'"}',
        b"[" * 20_000,
        json.dumps({"kind": "GPDS"}).encode(),
        json.dumps({"kind": "GPDS", "on": 1760054400}).encode(),
        json.dumps({"kind": "GPDS", "on": "2025-10-10", "at": CANARY}).encode(),
        b"\xff\xfe",
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_without_repeating_it(house: House, body: bytes) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.post(
            f"/alerts/{alert('Éloïse')}/follow-ups", content=body, headers={"content-type": "application/json"}
        )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text


async def test_a_body_that_is_too_large_is_refused(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.post(f"/alerts/{alert('Éloïse')}/close", content=b" " * 1_000_000)
    assert answer.status_code == 413


async def test_paths_and_methods_that_do_not_exist_are_problems_too(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        for answer, status in (
            (await head.get("/nothing"), 404),
            (await head.get("/alerts/not-an-id"), 404),
            (await head.delete("/alerts"), 405),
        ):
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"


async def test_the_openapi_document_describes_every_path(house: House) -> None:
    async with house.program() as anyone:
        document = (await anyone.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        "/api/v1/alerts",
        "/api/v1/alerts/{alert_id}",
        "/api/v1/alerts/{alert_id}/acknowledge",
        "/api/v1/alerts/{alert_id}/follow-ups",
        "/api/v1/alerts/{alert_id}/close",
        "/api/v1/mails",
        "/api/v1/schools",
        "/api/v1/pupils",
        "/api/v1/pupils/{student_id}",
        "/api/v1/me",
        "/api/v1/counts",
        "/api/v1/parcours",
        "/api/v1/parcours/proposals",
        "/api/v1/parcours/{parcours_id}",
        *(
            f"/api/v1/parcours/{{parcours_id}}/{act}"
            for act in ("open", "refuse", "conventions", "referent", "placements", "placements/{placement_id}")
        ),
        *(f"/api/v1/parcours/{{parcours_id}}/{act}" for act in ("reviews", "suspend", "resume", "extend", "close")),
        "/api/v1/delays",
        "/api/v1/delays/{delay_id}",
        "/api/v1/delays/{delay_id}/end",
    }
    assert set(document["components"]["schemas"]["AlertItem"]["properties"]) >= FIELDS
    assert set(document["components"]["schemas"]["PupilItem"]["properties"]) == OF_PUPILS
    asked = {each["name"] for each in document["paths"]["/api/v1/pupils"]["get"]["parameters"]}
    assert asked == {"uai", "class_name", "page_size", "cursor"}


async def test_the_name_of_a_field_that_nobody_knows_is_not_repeated(house: House) -> None:
    """Whoever mixes up names and values sends a pupil's as a name."""
    async with house.program("chef-tilleuls") as head:
        body = {"motive": "OTHER", "ZZCANARYZZ": 1}
        answer = await head.post(f"/alerts/{uuid4()}/close", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"where": "body", "why": "extra_forbidden"}]
    assert "ZZCANARYZZ" not in answer.text
