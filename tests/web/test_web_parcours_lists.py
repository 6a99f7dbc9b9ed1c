"""The lists of parcours and of delays: tabs, lines, empty ones, and the file of a list."""

import csv
import io
import re

import pytest

from tests.web.conftest import House
from tests.web.dom import Node
from tests.web.parcours_population import days, delay
from tests.web.test_web_pages import listed, narrowed, page


def names(tree: Node) -> list[str]:
    """Who is listed, in order."""
    tables = tree.all("tbody")
    return [row.one("th").text for row in tables[0].all("tr")] if tables else []


def row_of(tree: Node, name: str) -> str:
    """The line of somebody."""
    return tree.one("tbody").one("tr", where=lambda row: name in row.text).text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["ÇELIK Noël", "BÊTA Zoé", "ÂGÉNOR Éloïse"]),
        ("vue=expirent", ["ÇELIK Noël", "BÊTA Zoé"]),
        ("vue=expires", ["DUPRÉ Anaïs"]),
        ("vue=proposes", ["FABRE Théo"]),
        ("vue=clos&tri=eleve", ["ÉVRARD Léa", "GOÑI Maëlle"]),
        ("vue=inconnue&tri=inconnu", ["ÇELIK Noël", "BÊTA Zoé", "ÂGÉNOR Éloïse"]),
        ("type=avenirpro-plus", ["BÊTA Zoé"]),
        ("recherche=agenor", ["ÂGÉNOR Éloïse"]),
        ("recherche=990000102AB", ["ÇELIK Noël"]),
        ("recherche=introuvable", []),
    ],
)
async def test_the_list_is_narrowed_by_what_is_asked(house: House, query: str, expected: list[str]) -> None:
    async with house.browser("chef-tilleuls") as browser:
        _, tree = await narrowed(browser, "/parcours", query)
    assert names(tree) == expected
    assert listed(tree) == len(expected)


async def test_each_tab_says_how_many_it_holds(house: House) -> None:
    async with house.browser("mlds-31") as browser:
        _, tree = await narrowed(browser, "/parcours", "recherche=e")
        tabs = tree.one("nav", where=lambda nav: nav.get("class") == "tabs").all("a")
        assert len(tabs) == 5
        for tab in tabs:
            number = int(re.findall(r"(\d+) parcours", tab.text)[-1])
            assert listed(await page(browser, tab["href"])) == number


async def test_a_line_tells_the_days_left_the_share_and_what_comes_next(house: House) -> None:
    async with house.browser("mlds-31") as browser:
        tree = await page(browser, "/parcours")
    zoe = row_of(tree, "BÊTA")
    assert "AvenirPro+" in zoe
    assert "23 jours" in zoe
    assert "28 jours sur 76 possibles" in zoe
    assert "en retard" in zoe
    meter = tree.one("tbody").one("meter")
    assert (meter["value"], meter["max"]) == ("28", "76")
    assert meter["aria-label"] == "Jours de PFMP de BÊTA Zoé"
    assert "École de la 2e chance, Mission locale" in row_of(tree, "ÂGÉNOR")
    assert "Suspendu" in row_of(tree, "ÇELIK")
    assert "commence dans 14 jours" in row_of(tree, "VOISIN")


async def test_the_file_of_the_list_opens_in_a_french_spreadsheet(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        answer = await browser.get("/parcours.csv?vue=clos&tri=eleve")
    assert "parcours-" in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert [(line["nom"], line["etat"], line["issue"]) for line in lines] == [
        ("ÉVRARD", "Clos", "Contrat d’apprentissage"),
        ("GOÑI", "Écarté", ""),
    ]
    assert lines[0]["fin"] == f"{days(-60):%d/%m/%Y}"


def is_done(node: Node) -> bool:
    """Whether it says that something was done."""
    return node.get("id") == "fait"


async def test_delays_are_listed_by_where_they_stand(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        for query, name, told in (
            ("", "ÂGÉNOR Éloïse", "21 jours"),
            ("vue=depasses", "BÊTA Zoé", "fini depuis 4 jours"),
            ("vue=termines", "ÇELIK Noël", "Fait"),
        ):
            tree = await page(browser, f"/delais?{query}")
            assert names(tree) == [name]
            assert told in row_of(tree, name)
        one = await page(browser, f"/delais/{delay('Zoé')}")
        assert "Dépassé depuis 4 jours" in one.text
        assert "Recevoir le jeune en entretien" in one.text
        assert "Aucun courriel pour l’instant. Ils iront au coordonnateur MLDS et au CIO." in one.text
        late = await page(browser, f"/delais/{delay('Zoé')}?fait=commence")
        assert "Ce délai est déjà dépassé : le dernier jour était le" in late.one("p", where=is_done).text
        early = await page(browser, f"/delais/{delay('Éloïse')}?fait=commence")
        assert early.one("p", where=is_done).text.endswith("au coordonnateur MLDS, à la mission locale et au CIO.")
        form = await page(browser, "/delais/nouveau")
        assert "Courriels au coordonnateur MLDS et au CIO." in form.text


async def test_a_school_without_any_is_told_what_comes_next(house: House) -> None:
    async with house.browser("chef-vide") as browser:
        for path, told in (
            ("/parcours", "Ouvrez-en un depuis une alerte"),
            ("/parcours?vue=expirent", "Aucun parcours ne finit dans les trente jours"),
            ("/parcours?vue=expires", "Aucun parcours n’est resté sans suite"),
            ("/parcours?vue=proposes", "Aucune proposition en attente"),
            ("/parcours?vue=clos", "Aucun parcours clos"),
            ("/delais", "suivez un délai"),
            ("/delais?vue=depasses", "Aucun délai n’est dépassé"),
        ):
            assert told in (await page(browser, path)).text
