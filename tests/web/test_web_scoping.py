"""Nobody sees a pupil who is not theirs: in lists, in figures, one by one, in files, or by acting."""

from typing import Any

import pytest

from tests.web.conftest import House
from tests.web.dom import parse
from tests.web.population import AUTAN, CYPRES, TILLEULS, alert, pupil

FOREIGN = alert("Iris")


async def test_a_head_sees_the_alerts_of_the_school_and_of_no_other(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        items = (await head.get("/alerts?page_size=500")).json()["items"]
        assert {item["uai"] for item in items} == {TILLEULS}
        for uai in (AUTAN, CYPRES):
            assert (await head.get(f"/alerts?uai={uai}")).json()["items"] == []
            assert (await head.get(f"/pupils?uai={uai}")).json()["items"] == []
        for path in ("/mails", "/pupils"):
            items = (await head.get(f"{path}?page_size=500")).json()["items"]
            assert {item["uai"] for item in items} == {TILLEULS}


async def test_a_coordinator_sees_the_network(house: House) -> None:
    async with house.program("mlds-31") as coordinator:
        items = (await coordinator.get("/alerts?page_size=500")).json()["items"]
        assert {item["uai"] for item in items} == {TILLEULS, CYPRES}


async def test_what_is_elsewhere_is_answered_as_what_does_not_exist(house: House) -> None:
    async with house.program("chef-tilleuls") as head, house.browser("chef-tilleuls") as browser:
        for path in (f"/alerts/{FOREIGN}", f"/pupils/{pupil('Iris')}"):
            foreign, missing = await head.get(path), await head.get(path[:-4] + "beef")
            assert foreign.status_code == missing.status_code == 404
            assert foreign.json() == missing.json()
        page = await browser.get(f"/alertes/{FOREIGN}")
        assert page.status_code == 404
        assert "LOINTAIN" not in page.text


async def test_nobody_acts_on_an_alert_that_is_elsewhere(house: House) -> None:
    async with house.program("chef-tilleuls") as head:
        answer = await head.post(f"/alerts/{FOREIGN}/acknowledge")
        assert answer.status_code == 404
    async with house.program("chef-autan") as theirs:
        assert (await theirs.get(f"/alerts/{FOREIGN}")).json()["state"] == "raised"


@pytest.mark.parametrize("who", ["dasen-31", "recteur"])
@pytest.mark.parametrize("path", ["/alerts", f"/alerts/{FOREIGN}", "/mails", "/pupils", f"/pupils/{pupil('Iris')}"])
async def test_those_who_steer_are_refused_every_list(house: House, who: str, path: str) -> None:
    async with house.program(who) as someone:
        answer = await someone.get(path)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"


async def test_those_who_steer_see_figures_without_a_name(house: House) -> None:
    async with house.program("dasen-31") as dasen, house.browser("dasen-31") as browser:
        counts = (await dasen.get("/counts")).json()
        assert {row["uai"] for row in counts["by_school"]} == {TILLEULS, CYPRES}
        assert sum(row["total"] for row in counts["by_school"] if row["uai"] == TILLEULS) == 39
        page = await browser.get("/")
        assert page.status_code == 200
        assert "Lycée des Tilleuls" in page.text
        for name in ("VOISIN", "ÂGÉNOR", "990000151AB"):
            assert name not in page.text
        assert (await browser.get("/alertes")).status_code == 403
        assert (await browser.get("/alertes.csv")).status_code == 403


def first_level(counts: dict[str, Any]) -> int:
    """How many alerts of level 1, of all months."""
    return sum(row["total"] for row in counts["by_month"] if row["level"] == 1)


async def test_fewer_than_five_alerts_of_a_school_are_not_told_to_the_rectorat(house: House) -> None:
    known = []
    for who in ("mlds-31", "chef-autan"):
        async with house.program(who) as near:
            known.append((await near.get("/counts")).json())
    async with house.program("recteur") as rectorat, house.browser("recteur") as browser:
        counts = (await rectorat.get("/counts")).json()
        assert {row["uai"]: row["total"] for row in counts["by_school"]} == {TILLEULS: 38, CYPRES: None, AUTAN: None}
        assert {(row["level"], row["state"]) for row in counts["by_school"]} == {(1, None)}, "others tell of these"
        assert first_level(counts) == sum(first_level(each) for each in known), "months are told of all schools"
        rows = parse((await browser.get("/")).text).all("tr")
        (tilleuls,) = [[cell.text for cell in row.all("td")] for row in rows if TILLEULS in row.text]
        (autan,) = [[cell.text for cell in row.all("td")] for row in rows if AUTAN in row.text]
        assert (tilleuls, autan) == (["38"], ["non communiqué"])


async def test_a_territory_of_one_school_has_no_figures_of_its_own(house: House) -> None:
    async with house.program("draio-81") as far, house.browser("draio-81") as browser:
        assert (await far.get("/counts")).json() == {"by_school": [], "by_month": []}
        page = (await browser.get("/")).text
        assert "trop petit pour que ses chiffres soient communiqués" in page
        assert "<table" not in page
        assert 'class="big"' not in page


async def test_roles_without_a_page_are_told_so(house: House) -> None:
    for who in ("ancien",):
        async with house.browser(who) as browser, house.program(who) as program:
            page = await browser.get("/")
            assert page.status_code == 200
            assert "Pas encore de page" in page.text
            assert (await program.get("/counts")).status_code == 403
            assert (await program.get("/alerts")).status_code == 403
            assert (await program.get("/me")).json()["sees"] == "nothing"


async def test_the_file_of_the_list_holds_no_more_than_the_list(house: House) -> None:
    async with house.browser("chef-autan") as head:
        text = (await head.get("/alertes.csv")).text
        assert "LOINTAIN" in text
        assert "VOISIN" not in text
        assert text.count("\r\n") == 2


@pytest.mark.parametrize(
    ("who", "called"),
    [
        ("mlds-31", "réseau FOQUALE-31-1"),
        ("dasen-31", "département 31"),
        ("recteur", "académie 16"),
        ("mission", "mission locale ML-31"),
    ],
)
async def test_a_territory_is_said_in_words(house: House, who: str, called: str) -> None:
    async with house.browser(who) as browser:
        page = parse((await browser.get("/")).text)
        assert f"· {called}" in page.one("p", where=lambda p: p.get("class") == "lead").text
