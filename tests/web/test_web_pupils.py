"""The pupils of a school, and all there is about one of them on one page."""

from datetime import timedelta

import pytest

from contracts.examples import pupil_identified, student_enrolled, student_left
from contracts.parcours import ParcoursRefused, Why
from services.projections.web import pupil_pages
from tests.web.conftest import House
from tests.web.dom import Node, parse
from tests.web.parcours_population import Life, delay, parcours
from tests.web.population import AUTAN, CYPRES, START, TILLEULS, alert, identity, pupil, raised
from tests.web.test_web_pages import listed, narrowed, page


def rows(tree: Node) -> list[list[str]]:
    """The cells of the list, line by line."""
    return [[cell.text for cell in row.all("th", "td")] for row in tree.one("tbody").all("tr")]


async def test_a_head_finds_every_pupil_on_the_roll_by_name(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        found = rows(await page(browser, "/eleves"))
    assert [row[0] for row in found] == [
        "ÂGÉNOR Éloïse", "BÊTA Zoé", "ÇELIK Noël", "DUPRÉ Anaïs", "ÉVRARD Léa", "FABRE Théo", "GOÑI Maëlle",
        "HÉRAULT Loïc",
    ]  # fmt: skip


async def test_of_very_many_schools_one_is_asked_for_before_all_pupils_are_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pupil_pages, "MANY_SCHOOLS", 1)
    async with house.browser("mlds-31") as browser:
        tree = await page(browser, "/eleves?page=3")
        assert "Choisissez-en un" in tree.by_id("resultat").text  # type: ignore[union-attr]
        assert not tree.all("table")
        assert rows(await page(browser, f"/eleves?etablissement={CYPRES}"))
        _, found = await narrowed(browser, "/eleves", "recherche=voisin")
        assert listed(found) == 1
    async with house.browser("chef-tilleuls") as browser:
        assert rows(await page(browser, "/eleves")), "one school is not many"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("classe=2GT2", ["ÇELIK Noël", "DUPRÉ Anaïs"]),
        ("recherche=agenor", ["ÂGÉNOR Éloïse"]),
        ("recherche=990000100AB", ["ÂGÉNOR Éloïse"]),
        ("recherche=lointain", []),
    ],
)
async def test_the_list_is_narrowed_by_what_is_asked(house: House, query: str, names: list[str]) -> None:
    async with house.browser("chef-tilleuls") as browser:
        _, tree = await narrowed(browser, "/eleves", query)
    assert listed(tree) == len(names)
    assert [link.text for link in tree.all("a", where=lambda a: a.get("href").startswith("/eleves/"))] == names


async def test_a_list_says_who_has_alerts_that_last_and_who_follows_a_parcours(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        tree = await page(browser, "/eleves")
    found = {row[0]: row[2:] for row in rows(tree)}
    assert tree.one("thead").all("th")[2].text == "Alertes en cours"
    assert "à traiter" not in tree.one("main").text, "that is what a state is called"
    assert found["BÊTA Zoé"][0] == found["ÇELIK Noël"][0] == "1", "taken in charge, followed up"
    assert found["HÉRAULT Loïc"][0] == "2"
    assert found["DUPRÉ Anaïs"][0] == "–", "hers was lifted"
    assert {row[1] for row in found.values()} > {"–"}


async def test_a_coordinator_sees_the_schools_of_the_network(house: House) -> None:
    async with house.browser("mlds-31") as browser:
        tree = await page(browser, f"/eleves?etablissement={CYPRES}")
    assert [row[0] for row in rows(tree)] == ["VOISIN Jules"]


async def test_who_left_is_in_no_list_and_keeps_a_page(house: House) -> None:
    await house.tell(*identity("Parti", "ANCIEN", "3B", CYPRES, 60))
    async with house.browser("mlds-31") as browser:
        _, before = await narrowed(browser, "/eleves", "recherche=ancien")
        assert listed(before) == 1
        await house.tell(student_left(student_id=pupil("Parti"), uai=CYPRES, time=START + timedelta(days=1)))
        _, after = await narrowed(browser, "/eleves", "recherche=ancien")
        assert listed(after) == 0
        assert "jusqu’au" in (await page(browser, f"/eleves/{pupil('Parti')}")).one("main").text
        await house.tell(student_enrolled(student_id=pupil("Parti"), uai=CYPRES, time=START + timedelta(days=2)))
        _, back = await narrowed(browser, "/eleves", "recherche=ancien")
        assert listed(back) == 1


async def test_the_page_of_a_pupil_leads_to_all_there_is(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        tree = await page(browser, f"/eleves/{pupil('Éloïse')}")
        assert tree.one("h1").text == "ÂGÉNOR Éloïse"
        linked = {link["href"] for link in tree.one("main").all("a")}
        expected = {
            f"/alertes/{alert('Éloïse')}",
            f"/parcours/{parcours('Éloïse')}",
            f"/delais/{delay('Éloïse')}",
            f"/delais/nouveau?eleve={pupil('Éloïse')}",
        }
        assert expected <= linked
        for path in expected:
            assert (await browser.get(path)).status_code == 200


async def test_a_parcours_is_opened_from_the_page_of_a_pupil_who_follows_none(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        follows, none = pupil("Éloïse"), pupil("Loïc")
        assert (await page(browser, f"/eleves/{follows}")).by_id("ouvrir-parcours") is None
        link = (await page(browser, f"/eleves/{none}")).by_id("ouvrir-parcours")
        assert link is not None
        assert link["href"] == f"/parcours/nouveau?eleve={none}"
        assert "HÉRAULT Loïc" in (await page(browser, link["href"])).one("main").text


async def test_whoever_may_not_act_is_offered_nothing(house: House) -> None:
    async with house.browser("cpe-tilleuls") as browser:
        tree = await page(browser, f"/eleves/{pupil('Loïc')}")
    assert not tree.all("a", where=lambda a: "nouveau" in a.get("href"))


async def test_where_no_school_in_sight_has_the_pupil_no_button_leads_to_an_error(house: House) -> None:
    gone, moved = pupil("Parti ailleurs"), pupil("Venu d’ailleurs")
    await house.tell(*identity("Parti ailleurs", "DÉPART", "3B", CYPRES, 61))
    await house.tell(student_left(student_id=gone, uai=CYPRES, time=START + timedelta(days=1)))
    await house.tell(pupil_identified(student_id=gone, uai=AUTAN, ine="990000161AB"))
    await house.tell(raised("Venu d’ailleurs", CYPRES), pupil_identified(student_id=moved, uai=None, ine="990000162AB"))
    async with house.browser("mlds-31") as browser:
        for student_id in (gone, moved):
            assert (await browser.get(f"/parcours/nouveau?eleve={student_id}")).status_code == 404
            tree = await page(browser, f"/eleves/{student_id}")
            assert not tree.all("a", where=lambda a: "nouveau" in a.get("href"))
            assert not tree.all("p", where=lambda p: p.get("class") == "side-by-side")
            assert "en haut de la page" not in tree.one("main").text
        life = Life("Parti ailleurs", CYPRES)
        await house.tell(life.proposed(), life.then(ParcoursRefused, why=Why.PUPIL_ASKED))
        tree = await page(browser, f"/parcours/{parcours('Parti ailleurs')}")
        assert "plus rien à faire" in tree.one("main").text
        assert tree.by_id("ouvrir-parcours") is None


async def test_who_is_on_no_roll_in_sight_is_found_but_cannot_be_chosen(house: House) -> None:
    gone, here = pupil("Partie au loin"), pupil("Restée ici")
    await house.tell(*identity("Partie au loin", "ZÉPHYR", "3B", CYPRES, 63))
    await house.tell(*identity("Restée ici", "ZÉPHYR", "3B", CYPRES, 64))
    await house.tell(student_left(student_id=gone, uai=CYPRES, time=START + timedelta(days=1)))
    await house.tell(pupil_identified(student_id=gone, uai=AUTAN, ine="990000163AB", last_name="ZÉPHYR"))
    async with house.browser("mlds-31") as browser:
        csrf = (await page(browser, "/")).one("input", where=lambda node: node.get("name") == "csrf")["value"]
        answer = await browser.post("/parcours/nouveau", data={"recherche": "zephyr", "csrf": csrf})
        tree = parse(answer.text)
        links = tree.one("main").all("a", where=lambda a: "eleve=" in a.get("href"))
        assert [link["href"] for link in links] == [f"/parcours/nouveau?eleve={here}"]
        assert (await browser.get(links[0]["href"])).status_code == 200
        assert "à son établissement actuel d’agir" in tree.one("main").text


async def test_early_warnings_that_became_no_alert_are_told(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        assert "Approche du seuil" in (await page(browser, f"/eleves/{pupil('Maëlle')}")).one("main").text
        assert "Approche du seuil" not in (await page(browser, f"/eleves/{pupil('Théo')}")).one("main").text


async def test_a_pupil_without_identity_has_a_page_that_says_so(house: House) -> None:
    async with house.browser("mlds-31") as browser:
        tree = await page(browser, f"/eleves/{pupil('Inconnu')}")
    assert tree.one("h1").text == "Identité non communiquée"
    assert "dès son arrivée" in tree.one("main").text


@pytest.mark.parametrize("path", [f"/eleves/{pupil('Iris')}", f"/eleves/{pupil('nobody')}"])
async def test_a_pupil_elsewhere_is_answered_as_one_that_does_not_exist(house: House, path: str) -> None:
    async with house.browser("chef-tilleuls") as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert "LOINTAIN" not in answer.text


@pytest.mark.parametrize("who", ["recteur", "dasen-31", "mission"])
@pytest.mark.parametrize("path", ["/eleves", f"/eleves/{pupil('Éloïse')}"])
async def test_no_other_role_sees_them(house: House, who: str, path: str) -> None:
    async with house.browser(who) as browser:
        assert (await browser.get(path)).status_code == 403


@pytest.mark.parametrize("about", [f"/alertes/{alert('Éloïse')}", f"/parcours/{parcours('Éloïse')}"])
async def test_what_is_about_a_pupil_leads_to_the_page_of_the_pupil(house: House, about: str) -> None:
    async with house.browser("chef-tilleuls") as browser:
        link = (await page(browser, about)).by_id("fiche")
    assert link is not None
    assert link["href"] == f"/eleves/{pupil('Éloïse')}"


async def test_a_partner_is_led_to_no_page_that_is_closed_to_partners(house: House) -> None:
    async with house.browser("mission") as browser:
        assert (await page(browser, f"/parcours/{parcours('Éloïse')}")).by_id("fiche") is None


async def test_where_nobody_is_on_the_roll_it_says_how_pupils_come(house: House) -> None:
    async with house.browser("chef-vide") as browser:
        answer = await browser.get("/eleves")
    assert "transmet ses élèves" in parse(answer.text).one("main").text


async def test_a_pupil_in_the_list_whose_identity_is_late_has_a_page_to_act_from(house: House) -> None:
    await house.tell(student_enrolled(student_id=pupil("En retard"), uai=CYPRES, class_name="5C"))
    async with house.browser("mlds-31") as browser:
        line = (await page(browser, "/eleves?classe=5C")).one("tbody").one("tr")
        tree = await page(browser, line.one("a")["href"])
        assert tree.one("h1").text == line.one("a").text == "Identité non communiquée"
        for act in ("ouvrir-parcours", "suivre-delai"):
            button = tree.by_id(act)
            assert button is not None
            assert (await browser.get(button["href"])).status_code == 200
    async with house.browser("chef-tilleuls") as browser:
        assert (await browser.get(f"/eleves/{pupil('En retard')}")).status_code == 404


async def test_classes_are_offered_once_there_is_one_school(house: House) -> None:
    def offered(tree: Node) -> list[str]:
        (field,) = tree.all("select", where=lambda each: each.get("id") == "classe") or [None]
        return [] if field is None else [option.text for option in field.all("option")]

    async with house.browser("chef-tilleuls") as head, house.browser("mlds-31") as coordinator:
        assert "2GT1" in offered(await page(head, "/eleves"))
        assert offered(await page(coordinator, "/eleves")) == []
        one = offered(await page(coordinator, f"/eleves?etablissement={TILLEULS}"))
        assert {"2GT1", "TMELEC1"} <= set(one)
        assert "4B" not in one
        assert offered(await page(coordinator, "/eleves?classe=2GT1")) == ["Toutes", "2GT1"], "what is asked is shown"
        assert offered(await page(coordinator, f"/eleves?etablissement={AUTAN}")) == [], "not in sight"


async def test_pages_of_the_list_give_every_pupil_once_in_every_order(house: House) -> None:
    crowd = [f"Suite {number:02d}" for number in range(30)]
    for number, name in enumerate(crowd):
        await house.tell(*identity(name, "SUITE", "6A", AUTAN, 200 + number))
    async with house.browser("chef-autan") as head:
        for sort in ("nom", "classe"):
            found = [
                row[0] for at in (1, 2) for row in rows(await page(head, f"/eleves?classe=6A&tri={sort}&page={at}"))
            ]
            assert found == [f"SUITE {name}" for name in crowd]


async def test_the_class_is_that_of_the_latest_roll_in_sight(house: House) -> None:
    """Of a school out of sight the register may know another one."""
    moved, named = pupil("Ailleurs"), pupil("Sans classe")
    await house.tell(*identity("Ailleurs", "CLASSE", "3B", CYPRES, 63))
    await house.tell(pupil_identified(student_id=moved, uai=AUTAN, ine="990000163AB", class_name="CAP9"))
    await house.tell(*identity("Sans classe", "CLASSE", "3D", CYPRES, 64))
    await house.tell(student_enrolled(student_id=named, uai=CYPRES, class_name=None, time=START + timedelta(days=1)))
    async with house.browser("mlds-31") as browser, house.program("mlds-31") as program:
        for student_id, class_name in ((moved, "3B"), (named, "3D")):
            tree = await page(browser, f"/eleves/{student_id}")
            (lead,) = tree.all("p", where=lambda p: p.get("class") == "lead")
            assert lead.text.startswith(f"{class_name} ·")
            assert (await program.get(f"/pupils/{student_id}")).json()["class_name"] == class_name
        await house.tell(student_left(student_id=moved, uai=CYPRES, time=START + timedelta(days=3)))
        await house.tell(raised("Autre école", CYPRES))
        await house.tell(
            pupil_identified(student_id=pupil("Autre école"), uai=AUTAN, ine="990000165AB", class_name="CAP9")
        )
        assert (await program.get(f"/pupils/{pupil('Autre école')}")).json()["class_name"] is None
        assert "CAP9" not in (await page(browser, f"/eleves/{pupil('Autre école')}")).one("main").text


async def test_a_page_speaks_of_one_school_to_who_has_one(house: House) -> None:
    async with house.browser("chef-tilleuls") as head, house.browser("mlds-31") as coordinator:
        told = (await page(head, f"/eleves/{pupil('foule 1')}")).one("main").text
        assert "Aucune inscription transmise par votre établissement." in told
        assert (
            "permet aussi de le proposer sans l’ouvrir"
            in (await page(head, f"/eleves/{pupil('Loïc')}")).one("main").text
        )
        told = (await page(coordinator, f"/eleves/{pupil('foule 1')}")).one("main").text
        assert "Aucune inscription transmise par vos établissements." in told
