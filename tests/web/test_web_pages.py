"""The pages as a head of school meets them: counts that equal their lists, filters in the address, plain forms."""

import csv
import io
import re
from datetime import date
from urllib.parse import parse_qsl

import httpx
import pytest

from contracts.examples import pupil_identified, threshold_reached
from services.projections.web.export import spreadsheet
from tests.web.conftest import House
from tests.web.dom import Node, parse
from tests.web.parcours_population import delay, parcours, placement
from tests.web.population import CYPRES, alert, pupil

LISTS = ("/alertes?", "/approche", "/courriels")


async def page(client: httpx.AsyncClient, path: str) -> Node:
    answer = await client.get(path)
    assert answer.status_code == 200, path
    return parse(answer.text)


async def narrowed(client: httpx.AsyncClient, path: str, query: str) -> tuple[str, Node]:
    """The address and the page that the form above a list leads to."""
    answer = await client.post(path, data=dict(parse_qsl(query)), follow_redirects=True)
    assert answer.status_code == 200, path
    return str(answer.url), parse(answer.text)


def listed(tree: Node) -> int:
    """How many the page says its list holds."""
    result = tree.by_id("resultat")
    assert result is not None
    found = re.match(r"[\d ]+", result.one("strong").text)
    assert found is not None
    return int(found[0].replace(" ", ""))


async def test_every_number_of_the_home_page_equals_the_list_behind_it(house: House) -> None:
    for who in ("chef-tilleuls", "mlds-31"):
        async with house.browser(who) as browser:
            home = await page(browser, "/")
            numbers = [
                (link["href"], int(match[0]))
                for link in home.all(
                    "a",
                    where=lambda node: node["href"].startswith(
                        ("/alertes?", "/approche", "/courr", "/parcours?", "/delais")
                    ),
                )
                if (match := re.match(r"\d+", link.text))
            ]
            assert len(numbers) > 10
            for path, number in numbers:
                assert listed(await page(browser, path)) == number, path


async def test_the_figures_of_the_home_page_add_up(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        home = await page(browser, "/")
        assert home.one("h1").text == "Mon établissement"
        assert "Lycée des Tilleuls" in home.text
        total = home.all("tfoot")[0].all("td")[-1].one("a")
        assert total.text == "39 alertes"
        spoken = {cell.text for table in home.all("tbody") for cell in table.all("td")}
        assert {"0 alerte", "1 alerte"} <= spoken
        assert not spoken & {"0 alertes", "1 alertes"}
    async with house.browser("mlds-31") as browser:
        home = await page(browser, "/")
        assert home.one("h1").text == "Mon réseau"
        assert home.by_id("par-etablissement") is not None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("recherche=agenor", ["ÂGÉNOR Éloïse"]),
        ("recherche=ÉLOISE", ["ÂGÉNOR Éloïse"]),
        ("recherche=herault+loic", ["HÉRAULT Loïc", "HÉRAULT Loïc"]),
        ("recherche=990000100AB", ["ÂGÉNOR Éloïse"]),
        ("recherche=%25", []),
        ("recherche='%25_", []),
        ("classe=2GT2&tri=eleve", ["ÇELIK Noël", "DUPRÉ Anaïs"]),
        ("etat=levee", ["DUPRÉ Anaïs"]),
        ("niveau=2", ["HÉRAULT Loïc"]),
        ("recherche=introuvable", []),
    ],
)
async def test_the_list_is_narrowed_by_what_is_asked(house: House, query: str, names: list[str]) -> None:
    async with house.browser("chef-tilleuls") as browser:
        address, tree = await narrowed(browser, "/alertes", query)
        assert listed(await page(browser, address)) == listed(tree), "the address alone leads to the same"
    rows = [row.all("th")[0].text for row in tree.all("tr", where=lambda row: row.parent.tag == "tbody")]  # type: ignore[union-attr]
    assert rows == names
    assert listed(tree) == len(names)


async def test_names_are_sorted_without_their_accents(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        _, tree = await narrowed(browser, "/alertes", "tri=eleve&recherche=e")
    names = [row.one("th").text for row in tree.one("tbody").all("tr")]
    assert (
        names.index("ÂGÉNOR Éloïse") < names.index("BÊTA Zoé") < names.index("ÉVRARD Léa") < names.index("FABRE Théo")
    )


@pytest.mark.parametrize("path", ["/alertes", "/approche", "/parcours", "/delais", "/eleves"])
@pytest.mark.parametrize("text", ["agenor", "990000100AB", "introuvable"])
async def test_whom_somebody_looks_for_stands_in_no_address(house: House, path: str, text: str) -> None:
    async with house.browser("chef-tilleuls") as browser:
        address, tree = await narrowed(browser, path, f"recherche={text}")
        assert tree.by_id("recherche")["value"] == text  # type: ignore[index]
        for linked in (
            address,
            *(each["href"] for each in tree.all("a", where=lambda node: "href" in node.attributes)),
        ):
            assert text.lower() not in linked.lower()
        assert tree.one("form", where=lambda form: form.get("class") == "filters")["method"] == "post"


async def test_what_was_looked_for_is_kept_when_the_list_is_sorted(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        _, first = await narrowed(browser, "/alertes", "recherche=e")
        assert 1 < listed(first) < 39
        other = await page(browser, first.one("a", where=lambda node: "tri=eleve" in node.get("href"))["href"])
        assert (listed(other), other.by_id("recherche")["value"]) == (listed(first), "e")  # type: ignore[index]


async def test_a_form_of_another_site_narrows_nothing(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        answer = await browser.post("/alertes", data={"recherche": "x"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403


async def test_pages_of_a_list_follow_each_other_and_keep_the_filters(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        first = await page(browser, "/alertes?niveau=1")
        following = first.one("a", where=lambda node: node.get("rel") == "next")["href"]
        assert "niveau=1" in following
        second = await page(browser, following)
        assert len(second.one("tbody").all("tr")) == 38 - 25
        beyond = await page(browser, "/alertes?page=99")
        assert "Revenir au début" in beyond.text


async def test_an_alert_says_why(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        tree = await page(browser, f"/alertes/{alert('Éloïse')}")
        why = tree.by_id("pourquoi-vif")
        assert why is not None
        assert tree.one("h1").text == "ÂGÉNOR Éloïse"
        assert "4 demi-journées comptent en octobre 2025" in why.text
        assert "6 oct. 2025, matin" in why.text
        assert "articles L. 131-8 et R. 131-7" in why.text
        assert "Règle ABS-11, version du" in why.text
        assert "seuil de 4 demi-journées" in why.text
        lifted = await page(browser, f"/alertes/{alert('Anaïs')}")
        assert "justifiée (santé)" in lifted.text
        assert "des absences ont été justifiées" in lifted.text


async def test_an_alert_tells_its_history_and_its_emails(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        tree = await page(browser, f"/alertes/{alert('Noël')}")
        history = tree.one("ol", where=lambda node: node.get("class") == "timeline").text
        assert "Alerte déclenchée : 4 demi-journées" in history
        assert "Situation examinée en GPDS le 10 oct. 2025, par Claude Modèle (CPE)" in history
        counted = await page(browser, f"/alertes/{alert('Maëlle')}")
        history = counted.one("ol", where=lambda node: node.get("class") == "timeline").text
        assert "Le compte est désormais de 6 demi-journées" in history
        assert "de 5 demi-journées" not in history
        mailed = await page(browser, f"/alertes/{alert('Éloïse')}")
        assert "peut-être en double" in mailed.text
        other = await page(browser, f"/alertes/{alert('Loïc')}")
        assert other.by_id("autres") is not None


async def test_what_can_no_longer_be_done_is_not_offered(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        for name, offered in (("Éloïse", 3), ("Zoé", 2), ("Anaïs", 0), ("Léa", 0)):
            tree = await page(browser, f"/alertes/{alert(name)}")
            acts = tree.by_id("agir")
            assert acts is not None
            assert len(acts.all("form")) == offered
            opens = [link for link in acts.all("a") if link["href"].startswith("/parcours/nouveau")]
            assert bool(opens) == bool(offered)


async def test_early_warnings_are_those_not_reached_since(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        tree = await page(browser, "/approche")
        assert [row.one("th").text for row in tree.one("tbody").all("tr")] == ["GOÑI Maëlle"]
        assert "9 sur 10" in tree.text


async def test_the_journal_can_be_read_by_state(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        assert listed(await page(browser, "/courriels")) == 6
        assert listed(await page(browser, "/courriels?etat=a-verifier")) == 2
        assert listed(await page(browser, "/courriels?etat=sent")) == 3


async def test_the_file_opens_in_a_french_spreadsheet(house: House) -> None:
    name = "=cmd()"
    one = pupil("formule")
    await house.tell(
        pupil_identified(student_id=one, uai=CYPRES, last_name=name, first_name="Zoé", class_name="6e1"),
        threshold_reached(student_id=one, alert_id=alert("formule"), uai=CYPRES),
    )
    async with house.browser("mlds-31") as browser:
        _, tree = await narrowed(browser, "/alertes", "tri=eleve&recherche=cmd")
        answer = await browser.get(tree.one("a", where=lambda node: node.get("class") == "export")["href"])
        rest = await browser.get("/alertes.csv?niveau=2")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "alertes-" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert [(row["nom"], row["classe"]) for row in rows] == [(f"'{name}", "'6e1")]
    (second,) = csv.DictReader(io.StringIO(rest.text.removeprefix("\ufeff")), delimiter=";")
    assert (second["nom"], second["classe"], second["etat"]) == ("HÉRAULT", "TMELEC1", "À traiter")
    assert re.fullmatch(r"\w+\u00a020\d\d", second["mois"])  # 2026-06 would become the first of the month
    assert list(second)[-3:] == ["dernier_geste", "geste_par", "geste_le"]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("6e1", "'6e1"),
        ("6E12", "'6E12"),
        ("3-1", "'3-1"),
        ("4/2", "'4/2"),
        ("=1+1", "'=1+1"),
        ("TMELEC1", "TMELEC1"),
        ("6e A", "6e A"),
        ("601", "601"),
        ("0310001E", "0310001E"),
        ("12/10/2025", "12/10/2025"),
    ],
)
def test_a_spreadsheet_reads_each_cell_as_it_was_written(cell: str, kept: str) -> None:
    file = spreadsheet("essai", date(2026, 6, 1), ("a",), [(cell,)])
    assert bytes(file.body).decode("utf-8-sig") == f"a\r\n{kept}\r\n"


async def test_e_mails_are_announced_for_when_they_leave(house: House) -> None:
    one = pupil("sans courriel")
    await house.tell(threshold_reached(student_id=one, alert_id=alert("sans courriel"), uai=CYPRES))
    async with house.browser("mlds-31") as browser:
        tree = await page(browser, f"/alertes/{alert('sans courriel')}")
    assert tree.by_id("suite-vive").text.count("Ils partent quelques instants après l’alerte.") == 1


async def test_a_school_without_alerts_is_told_what_comes_next(house: House) -> None:
    async with house.browser("chef-vide") as browser:
        for path, said in (
            ("/", "Rien à traiter"),
            ("/alertes", "Aucune alerte pour l’instant"),
            ("/approche", "Aucun élève n’approche"),
            ("/courriels", "Aucun courriel pour l’instant"),
        ):
            assert said in (await page(browser, path)).text


@pytest.mark.parametrize(
    ("act", "back"),
    [
        (f"/alertes/{alert('Éloïse')}/gestes", f"/alertes/{alert('Éloïse')}"),
        (f"/alertes/{alert('Éloïse')}/prise-en-charge", f"/alertes/{alert('Éloïse')}"),
        (f"/parcours/{parcours('Zoé')}/cloture", f"/parcours/{parcours('Zoé')}"),
        (f"/parcours/{parcours('Zoé')}/periodes/{placement('Zoé')}/annuler", f"/parcours/{parcours('Zoé')}"),
        (f"/delais/{delay('Zoé')}/sans-objet", f"/delais/{delay('Zoé')}"),
    ],
)
async def test_the_address_of_an_act_leads_to_the_page_where_it_is_done(house: House, act: str, back: str) -> None:
    async with house.browser("chef-tilleuls") as browser:
        answer = await browser.get(act)
        assert (answer.status_code, answer.headers["location"]) == (303, back)
        tree = await page(browser, back)
        live = tree.by_id("vivant")
        assert live is not None
        assert live["data-page"] == back, "what it asks for itself, wherever the browser is"
        assert (await browser.get(f"{back}/rien/de/tel")).status_code == 404
