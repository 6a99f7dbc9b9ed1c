"""What RGAA asks and a program can see: structure, names, tables, colours, French typography."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

import services.projections
from tests.web.conftest import House
from tests.web.dom import Node, parse
from tests.web.parcours_population import delay, parcours
from tests.web.population import alert, pupil

STYLE = (Path(services.projections.__path__[0]) / "static" / "style.css").read_text()
PARCOURS = ("Éloïse", "Zoé", "Noël", "Anaïs", "Léa", "Théo", "Maëlle")
PATHS = [
    ("chef-tilleuls", "/"),
    ("mlds-31", "/"),
    ("dasen-31", "/"),
    ("recteur", "/"),
    ("mission", "/"),
    ("chef-vide", "/"),
    ("chef-tilleuls", "/alertes"),
    ("mlds-31", "/alertes?tri=eleve&niveau=1"),
    ("chef-tilleuls", "/alertes?classe=introuvable"),
    *(("chef-tilleuls", f"/alertes/{alert(name)}") for name in ("Éloïse", "Zoé", "Noël", "Anaïs", "Léa")),
    ("mlds-31", f"/alertes/{alert('Inconnu')}"),
    ("chef-tilleuls", "/approche"),
    ("mlds-31", "/approche"),
    ("chef-tilleuls", "/courriels"),
    ("mlds-31", "/courriels?etat=sent"),
    ("chef-tilleuls", "/parcours"),
    ("mlds-31", "/parcours?vue=expirent&tri=eleve"),
    *(("chef-tilleuls", f"/parcours?vue={view}") for view in ("expires", "proposes", "clos")),
    ("cpe-tilleuls", "/parcours?etablissement=introuvable"),
    ("chef-vide", "/parcours"),
    *(("chef-tilleuls", f"/parcours/{parcours(name)}") for name in PARCOURS),
    ("mlds-31", f"/parcours/{parcours('Jules')}"),
    ("mission", f"/parcours/{parcours('Éloïse')}"),
    ("mission", "/delais/nouveau"),
    ("cpe-tilleuls", f"/parcours/{parcours('Zoé')}"),
    ("chef-tilleuls", "/parcours/nouveau"),
    ("chef-tilleuls", f"/parcours/nouveau?alerte={alert('Zoé')}"),
    ("chef-tilleuls", f"/parcours/{parcours('Théo')}/ouvrir"),
    ("chef-tilleuls", "/delais"),
    ("mlds-31", "/delais?vue=depasses"),
    ("chef-vide", "/delais?vue=termines"),
    *(("chef-tilleuls", f"/delais/{delay(name)}") for name in ("Éloïse", "Zoé", "Noël")),
    ("cpe-tilleuls", f"/delais/{delay('Éloïse')}"),
    ("chef-tilleuls", "/delais/nouveau"),
    ("chef-tilleuls", f"/delais/nouveau?eleve={pupil('Éloïse')}"),
    ("chef-tilleuls", "/eleves"),
    ("mlds-31", "/eleves?tri=classe&classe=2GT1"),
    ("chef-tilleuls", "/eleves?classe=introuvable"),
    ("chef-vide", "/eleves"),
    *(("chef-tilleuls", f"/eleves/{pupil(name)}") for name in ("Éloïse", "Noël", "Maëlle", "foule 1")),
    ("mlds-31", f"/eleves/{pupil('Inconnu')}"),
    ("chef-tilleuls", "/accessibilite"),
    (None, "/accessibilite"),
    (None, "/connexion"),
    (None, "/connexion?recherche=introuvable"),
    ("chef-tilleuls", "/page-qui-n-existe-pas"),
    ("chef-tilleuls", "/api/docs"),
]


@pytest.fixture(scope="module", params=PATHS, ids=lambda param: f"{param[0]} {param[1][:20]}")
async def tree(request: pytest.FixtureRequest, house: House) -> Node:
    who, path = request.param
    async with house.browser(who) as browser:
        return parse((await browser.get(path)).text)


def test_the_page_has_a_language_a_title_and_its_landmarks(tree: Node) -> None:
    assert tree.one("html")["lang"] == "fr"
    assert len(tree.one("title").text) > len("– Persévérance")
    for landmark in ("header", "main", "footer"):
        tree.one(landmark)
    assert all(nav.get("aria-label") for nav in tree.all("nav"))
    assert tree.one("meta", where=lambda node: node.get("name") == "viewport")["content"] == (
        "width=device-width, initial-scale=1"
    )


def landmarks(tree: Node) -> list[tuple[str, str]]:
    """The role and the name of each part of the page that an assistive technology lists."""
    roles = {"header": "banner", "nav": "navigation", "main": "main", "footer": "contentinfo", "aside": "complementary"}
    found = []
    for node in tree.walk():
        named = [tree.by_id(each) for each in node.get("aria-labelledby").split()]
        name = node.get("aria-label") or " ".join(each.text for each in named if each)
        role = node.get("role") or roles.get(node.tag) or (node.tag in ("section", "form") and name and node.tag)
        if role in {*roles.values(), "section", "region", "form", "search"}:
            found.append(("region" if role == "section" else str(role), name))
    return found


def test_landmarks_of_one_kind_have_names_of_their_own(tree: Node) -> None:
    found = landmarks(tree)
    assert len(found) == len(set(found)), sorted(found)


def test_all_that_is_read_is_in_a_landmark(tree: Node) -> None:
    beside = [node for node in tree.one("body").children if isinstance(node, Node)]
    parts = [node.tag for node in beside if node.get("class") not in ("skip", "unseen")]
    assert parts == ["header", "main", "footer"]


def test_the_first_link_leads_to_the_content_and_the_declaration_is_one_click_away(tree: Node) -> None:
    first = tree.all("a")[0]
    target = tree.by_id(first["href"].removeprefix("#"))
    assert target is not None
    assert target.tag == "main"
    assert any(link["href"] == "/accessibilite" for link in tree.one("footer").all("a"))


def test_headings_begin_with_one_and_skip_no_level(tree: Node) -> None:
    levels = [int(node.tag[1]) for node in tree.all("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(later <= former + 1 for former, later in pairwise(levels))


def test_ids_are_given_once_and_references_lead_somewhere(tree: Node) -> None:
    ids = [node["id"] for node in tree.walk() if node.get("id")]
    assert len(ids) == len(set(ids))
    for node in tree.walk():
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert all(reference in ids for reference in node.get(name).split())


def test_every_field_has_a_label_and_every_button_a_name(tree: Node) -> None:
    labels = {label["for"] for label in tree.all("label")}
    for control in tree.all("input", "select", "textarea"):
        assert control.get("type") == "hidden" or control["id"] in labels
    assert all(control.text for control in tree.all("button", "a", "summary"))
    assert all("alt" in image.attributes for image in tree.all("img"))


def test_links_of_the_same_words_on_one_page_are_told_apart_by_where_they_lead(tree: Node) -> None:
    vague = {"ici", "voir", "cliquez ici", "lire la suite", "plus"}
    assert not vague & {link.text.lower() for link in tree.all("a")}


def test_tables_have_a_caption_and_cells_know_their_headers(tree: Node) -> None:
    for table in tree.all("table"):
        assert table.one("caption").text
        assert all(header.get("scope") in ("col", "row") for header in table.all("th"))
        columns = len(table.one("thead").all("th"))
        for row in table.one("tbody").all("tr"):
            assert len(row.all("th", "td")) == columns
            assert len(row.all("th")) == 1


def test_what_scrolls_can_be_reached_with_the_keyboard(tree: Node) -> None:
    for node in tree.all("div", where=lambda div: div.get("class") == "wide"):
        assert node["tabindex"] == "0"
        assert node["role"] == "region"
        assert node.get("aria-labelledby") or node.get("aria-label")
    assert all(int(node.get("tabindex", "0")) <= 0 for node in tree.walk())


def test_changes_are_announced(tree: Node) -> None:
    place = tree.by_id("annonce")
    assert place is not None
    assert (place["aria-live"], place["role"]) == ("polite", "status")


def test_what_has_the_focus_is_found_again_in_the_next_version_of_a_live_part(tree: Node) -> None:
    live = tree.by_id("vivant")
    beside = [name.strip("#") for name in live.get("data-also").split(",")] if live else []
    parts = [live] + [tree.by_id(name) for name in beside if name]
    parts += tree.all("section", where=lambda node: "data-acts" in node.attributes)
    nameless = [node for part in parts if part for node in part.all("a", "summary") if not node.get("id")]
    # What an empty list suggests is no longer there when something comes.
    assert [node.text for node in nameless if not any(above.get("class") == "empty" for above in node.above())] == []


def test_a_state_is_never_told_by_colour_alone(tree: Node) -> None:
    for node in tree.all("span", where=lambda span: span.get("class").split()[:1] in (["state"], ["level"])):
        assert node.text


def test_french_punctuation_has_its_spaces_and_its_apostrophes(tree: Node) -> None:
    for node in tree.one("body").walk():
        if node.get("lang") == "en" or node.tag in ("code", "script"):
            continue
        for text in (child for child in node.children if isinstance(child, str)):
            assert not re.search(r"[^\s:/] [:;?!»]( |$)", text), text
            assert not re.search(r"\w[;?!](\s|$)", text), text
            assert not re.search(r"\w'\w", text), text


# -- colours, computed from the style sheet

TOKENS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", STYLE))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(TOKENS[one]), luminance(TOKENS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def pairs_in_rules() -> set[tuple[str, str]]:
    """Text and background named together in one rule."""
    found = set()
    for body in re.findall(r"\{([^{}]*)\}", STYLE):
        text = re.search(r"(?<![a-z-])color: var\(--([a-z-]+)\)", body)
        ground = re.search(r"background: var\(--([a-z-]+)\)", body)
        if text and ground:
            found.add((text[1], ground[1]))
    return found


TEXT = {
    *pairs_in_rules(),
    *((ink, ground) for ink in ("ink", "ink-soft", "accent", "accent-strong", "hot") for ground in ("paper", "ground")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent", "accent-soft"),
    ("ink-soft", "accent-soft"),
}


@pytest.mark.parametrize(("text", "ground"), sorted(TEXT))
def test_text_stands_out_from_what_it_is_on(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize(
    ("edge", "ground"),
    [("edge", "paper"), ("focus", "paper"), ("focus", "ground"), ("on-accent", "accent"), ("accent", "paper")],
)
def test_edges_and_focus_stand_out_from_what_they_are_on(edge: str, ground: str) -> None:
    assert contrast(edge, ground) >= 3


def test_the_style_sheet_uses_tokens_only_and_keeps_focus_visible() -> None:
    rules = STYLE.split("}", 1)[1]
    assert not re.search(r"#[0-9a-f]{3,8}\b", rules)
    assert ":focus-visible { outline: 3px solid" in STYLE
    assert "@media print" in STYLE
    assert not re.search(r"font-size: [\d.]+px", STYLE)
