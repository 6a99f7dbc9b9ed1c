"""Forms that are sent with something wrong: all of it said in one answer, each at its field, what was typed kept."""

import pytest

from tests.web import test_web_accessibility as accessibility
from tests.web.conftest import House
from tests.web.dom import Node, parse
from tests.web.parcours_population import days, delay, parcours, placement
from tests.web.population import alert, pupil
from tests.web.test_web_pages import page


async def refused(house: House, path: str, said: dict[str, str]) -> Node:
    """The page that answers a form with something wrong in it."""
    async with house.browser("chef-tilleuls") as head:
        csrf = (await page(head, "/")).one("input", where=lambda node: node.get("name") == "csrf")["value"]
        answer = await head.post(path, data=said | {"csrf": csrf})
    assert answer.status_code == 422
    return parse(answer.text)


TO_COME, ZOE = days(3).isoformat(), f"/parcours/{parcours('Zoé')}"
OPENING = {"eleve": str(pupil("Zoé")), "type": "TDO", "debut": "2025-10-13", "fin": "2025-10-12", "geste": "ouvrir"}
PERIOD = f"{ZOE}/periodes/{placement('Zoé')}/modifier"


@pytest.mark.parametrize(
    ("path", "said", "wrong"),
    [
        ("/parcours/nouveau", OPENING, ["fin", "volontaire", "solutions", "pourquoi"]),
        (
            f"{ZOE}/convention",
            {"partenaire": "", "signee": TO_COME, "depuis": "2025-01-01"},
            ["partenaire", "signee", "depuis"],
        ),
        (f"{ZOE}/cloture", {"issue": "", "le": TO_COME, "pourquoi": "OTHER"}, ["issue", "le"]),
        (PERIOD, {"du": "2026-01-12", "au": "2026-01-11"}, ["au", "pourquoi"]),
        ("/delais/nouveau", {"ine": "?", "depuis": TO_COME}, ["ine", "nature", "depuis"]),
        (f"/alertes/{alert('Éloïse')}/gestes", {"le": "2999-01-01"}, ["geste", "le"]),
    ],
)
async def test_all_that_is_wrong_is_said_in_one_answer_that_leads_to_each_field(
    house: House, path: str, said: dict[str, str], wrong: list[str]
) -> None:
    tree = await refused(house, path, said)
    box = tree.by_id("erreurs")
    assert box is not None
    places = [link["href"].removeprefix("#") for link in box.all("a")]
    assert [place.rpartition("-")[2] for place in places] == wrong
    for place in places:
        field = tree.by_id(place)
        assert field is not None
        assert field.get("aria-invalid") == "true" or field.get("type") == "radio"


@pytest.mark.parametrize("path", [f"/parcours/nouveau?eleve={pupil('Zoé')}", "/delais/nouveau"])
async def test_a_browser_does_not_stop_at_the_first_field_of_a_long_form(house: House, path: str) -> None:
    async with house.browser("chef-tilleuls") as head:
        form = (await page(head, path)).one("form", where=lambda node: node.get("class") == "sheet")
    assert "novalidate" in form.attributes


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/parcours/nouveau", {"eleve": str(pupil("Zoé")), "type": "AVENIR_PRO_PLUS", "session": "hier"}),
        ("/parcours/nouveau", {"recherche": "e"}),
        (f"/parcours/{parcours('Zoé')}/periodes/{placement('Zoé')}/modifier", {"du": "hier"}),
        (f"/parcours/{parcours('Zoé')}/cloture", {}),
        ("/delais/nouveau", {"ine": "?"}),
        (f"/delais/{delay('Éloïse')}/sans-objet", {}),
    ],
)
async def test_pages_that_say_what_is_wrong_are_as_accessible_as_the_others(
    house: House, path: str, said: dict[str, str]
) -> None:
    async with house.browser("chef-tilleuls") as head:
        home = await page(head, "/")
        csrf = home.one("input", where=lambda node: node.get("name") == "csrf")["value"]
        answer = await head.post(path, data=said | {"csrf": csrf})
    assert answer.status_code == (200 if "recherche" in said else 422)
    tree = parse(answer.text)
    for check in (
        accessibility.test_headings_begin_with_one_and_skip_no_level,
        accessibility.test_ids_are_given_once_and_references_lead_somewhere,
        accessibility.test_every_field_has_a_label_and_every_button_a_name,
        accessibility.test_tables_have_a_caption_and_cells_know_their_headers,
        accessibility.test_french_punctuation_has_its_spaces_and_its_apostrophes,
    ):
        check(tree)
    box = tree.by_id("erreurs")
    assert (box is None) == ("recherche" in said)
    assert all(tree.by_id(link["href"].removeprefix("#")) for link in (box.all("a") if box else []))
