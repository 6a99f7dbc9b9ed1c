"""The pages of a parcours or of a delay as people meet them: countdowns, histories, acts, and to whom they show."""

import re

import httpx
import pytest

from contracts import parcours as said
from contracts.delays import DelayKind, DelayState
from contracts.identifiers import file_number
from services.projections.web import words_parcours as fr
from tests.web.conftest import House
from tests.web.dom import Node, parse
from tests.web.parcours_population import Life, days, delay, parcours
from tests.web.population import AUTAN, alert, pupil
from tests.web.test_web_pages import listed, page

CODES = {
    each.value
    for codes in (
        said.Scheme, said.ParcoursState, said.Partner, said.Outcome, said.Why, said.Caution, DelayKind,
        DelayState, said.Diploma,
    )
    for each in codes
} - {"CFA", "EPIDE", "AFPA", "CAP", "PAFI", "BMA", "DTMS"}  # fmt: skip
"""What no person should read; some codes are also words."""

ALWAYS = {"point", "convention", "referent", "prolongation", "cloture", "periode"}
"""What can be done about any parcours that runs."""


def acts_of(tree: Node) -> set[str]:
    """What the forms of the page do."""
    return {
        form["action"].rsplit("/", 1)[1]
        for form in tree.one("main").all("form", where=lambda form: form.get("method") == "post")
    }


async def test_the_page_of_a_parcours_says_how_long_it_still_runs(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        tree = await page(browser, f"/parcours/{parcours('Zoé')}")
        text = tree.one("main").text
        assert f"Il reste 23 jours, jusqu’au {fr.long_day(days(23))} inclus.".replace("\u00a0", " ") in text
        assert "Un point d’étape était attendu" in text
        assert "Règle AE-21" in text
        assert "Arrêté du 28 novembre 2025" in text
        assert "28 jours sur 76 possibles" in text
        assert f"C’est possible jusqu’au {fr.long_day(days(30))} inclus".replace("\u00a0", " ") in text
        assert "Fin de parcours proche, à Dominique Exemple" in text
        late = tree.one("details", where=lambda node: "Consigner un point" in node.text)
        assert "open" in late.attributes, "what is waited for is unfolded"


async def test_a_page_bears_the_number_by_which_e_mails_name_the_file(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        for path, about in (("alertes", alert("Éloïse")), ("parcours", parcours("Zoé")), ("delais", delay("Zoé"))):
            lead = (await page(browser, f"/{path}/{about}")).one("p", where=lambda node: node.get("class") == "lead")
            assert f"· Dossier {file_number(about)}" in lead.text


async def test_no_reason_is_told_where_none_was_asked(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        for name in ("Éloïse", "Noël"):
            history = (await page(browser, f"/delais/{delay(name)}")).by_id("suite-vive")
            assert history is not None
            assert "Dominique Exemple (Chef d’établissement)" in history.text
            assert "autre raison" not in history.text
        running = await page(browser, f"/parcours/{parcours('Noël')}")
        assert "Suspendu depuis le" in running.text


async def test_nothing_is_asked_for_where_no_parcours_expired(house: House) -> None:
    async with house.browser("chef-vide") as empty, house.browser("chef-tilleuls") as head:
        assert "il reste à dire" not in (await page(empty, "/")).text
        assert "il reste à dire ce qu’est devenu l’élève" in (await page(head, "/")).text


async def test_the_history_is_told_in_french_with_who_and_why(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        tree = await page(browser, f"/parcours/{parcours('Zoé')}")
        history = tree.one("ol", where=lambda node: node.get("class") == "timeline").text
        for step in (
            "Parcours ouvert, du",
            "Période en entreprise prévue du",
            "(28 jours sur 76 possibles)",
            "Maxime Réseau (Coordonnateur MLDS), demande du partenaire",
            "Période en entreprise annulée",
            "Point d’étape en retard : il était attendu le",
            "Fin proche : il reste 30 jours",
        ):
            assert step in history
        for name, step in (
            ("Éloïse", "Référent désigné : Claude Modèle (CPE)"),
            ("Anaïs", "Issue toujours inconnue, 1 semaine après la fin"),
            ("Léa", ": contrat d’apprentissage"),
        ):
            assert step in (await page(browser, f"/parcours/{parcours(name)}")).text
    async with house.browser("mlds-31") as browser:
        extended = await page(browser, f"/parcours/{parcours('Jules')}")
        assert "Parcours prolongé jusqu’au" in extended.text
        assert "À vérifier : Ce parcours finit après le 31 décembre qui suit la session d’examen." in extended.text


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("Zoé", ALWAYS | {"suspension", "modifier", "annuler"}),
        ("Noël", ALWAYS | {"reprise"}),
        ("Anaïs", {"cloture"}),
        ("Théo", {"ecartement", "referent"}),
        ("Léa", set()),
        ("Maëlle", set()),
    ],
)
async def test_what_can_be_done_is_offered_to_those_who_lead_and_to_nobody_else(
    house: House, name: str, offered: set[str]
) -> None:
    path = f"/parcours/{parcours(name)}"
    async with house.browser("chef-tilleuls") as head, house.browser("cpe-tilleuls") as cpe:
        assert acts_of(await page(head, path)) == offered
        assert acts_of(await page(cpe, path)) == set()
        answer = await cpe.post(f"{path}/point", data={"le": "2025-10-10"})
        assert answer.status_code == 403


async def test_a_parcours_that_has_not_begun_can_be_closed_and_its_first_review_waits(house: House) -> None:
    async with house.browser("mlds-31") as browser:
        tree = await page(browser, f"/parcours/{parcours('Jules')}")
    assert acts_of(tree) == ALWAYS - {"point"} | {"suspension"}
    closed = tree.by_id("cloture-le")
    assert closed is not None
    assert closed.get("min") <= closed["value"] <= closed["max"] == days(0).isoformat()
    assert f"se note à partir du {fr.long_day(days(14))}".replace("\u00a0", " ") in tree.text


async def test_a_pause_to_come_ends_after_it_began_and_not_today(house: House) -> None:
    one = Life("pause à venir", AUTAN)
    await house.tell(one.opened(-3, 60), one.then(said.ParcoursSuspended, since=days(5), why=said.Why.HEALTH))
    async with house.browser("chef-autan") as browser:
        tree = await page(browser, f"/parcours/{parcours(one.name)}")
    resumed = tree.by_id("reprise-le")
    assert resumed is not None
    assert resumed["min"] == resumed["value"] == days(6).isoformat(), "the service refuses the first day of the pause"


async def test_nobody_reads_a_code(house: House) -> None:
    paths = [f"/parcours/{parcours(name)}" for name in ("Éloïse", "Zoé", "Noël", "Anaïs", "Léa", "Théo", "Maëlle")]
    paths += ["/parcours", "/parcours?vue=clos", "/delais", f"/delais/{delay('Éloïse')}", "/parcours/nouveau"]
    paths += [f"/parcours/nouveau?alerte={alert('Zoé')}", "/delais/nouveau", "/courriels", "/"]
    async with house.browser("chef-tilleuls") as browser:
        for path in paths:
            read = set(re.findall(r"[\w-]+", (await page(browser, path)).one("main").text))
            assert read & CODES == set(), path


async def test_an_alert_leads_to_its_parcours_and_back(house: House) -> None:
    async with house.browser("chef-tilleuls") as head, house.browser("cpe-tilleuls") as cpe:
        tree = await page(head, f"/alertes/{alert('Éloïse')}")
        leads = {link["href"] for link in tree.one("main").all("a")}
        assert f"/parcours/{parcours('Éloïse')}" in leads
        assert f"/parcours/nouveau?alerte={alert('Éloïse')}" in leads
        back = await page(head, f"/parcours/{parcours('Éloïse')}")
        assert f"/alertes/{alert('Éloïse')}" in {link["href"] for link in back.all("a")}
        seen = await page(cpe, f"/alertes/{alert('Éloïse')}")
        assert not [link for link in seen.all("a") if link["href"].startswith("/parcours/nouveau")]


async def test_the_form_begins_with_what_is_usual_and_what_is_known(house: House) -> None:
    async with house.browser("chef-tilleuls") as head:
        tree = await page(head, f"/parcours/nouveau?alerte={alert('Loïc')}")
        assert "HÉRAULT Loïc" in tree.text
        assert field(tree, "ouverture-debut") == days(0).isoformat()
        assert days(85).isoformat() < field(tree, "ouverture-fin") < days(95).isoformat()
        chosen = tree.one("input", where=lambda node: node.get("name") == "type" and "checked" in node.attributes)
        assert chosen["value"] == "TDO"
        known = await page(head, f"/parcours/nouveau?eleve={pupil('Éloïse')}")
        assert "a déjà un parcours en cours" in known.text
        proposed = await page(head, f"/parcours/{parcours('Théo')}/ouvrir")
        assert field(proposed, "ouverture-gpds") == "2025-09-02"


def field(tree: Node, name: str) -> str:
    found = tree.by_id(name)
    assert found is not None
    return found.get("value")


async def test_a_pupil_is_looked_for_without_a_name_in_the_address(house: House) -> None:
    async with house.browser("chef-tilleuls") as head:
        tree = await page(head, "/parcours/nouveau")
        csrf = tree.one("main").one("input", where=lambda node: node.get("name") == "csrf")["value"]
        for text in ("herault", "990000107ab"):
            answer = await head.post("/parcours/nouveau", data={"csrf": csrf, "recherche": text})
            assert f"/parcours/nouveau?eleve={pupil('Loïc')}" in answer.text
        answer = await head.post("/parcours/nouveau", data={"csrf": csrf, "recherche": "lointain"})
        assert "Aucun élève de votre territoire" in answer.text
        assert "LOINTAIN" not in answer.text


@pytest.mark.parametrize("name", ["parcours", "delais"])
async def test_what_is_elsewhere_is_answered_as_what_does_not_exist(house: House, name: str) -> None:
    foreign = parcours("Iris") if name == "parcours" else delay("Iris")
    async with house.browser("chef-tilleuls") as browser:
        for path in (f"/{name}/{foreign}", f"/{name}/{alert('personne')}", f"/{name}/pas-un-id"):
            assert (await browser.get(path)).status_code == 404
        assert (await browser.get(f"/parcours/nouveau?eleve={pupil('Iris')}")).status_code == 404
        assert (await browser.get(f"/parcours/nouveau?alerte={alert('Iris')}")).status_code == 404


async def test_a_partner_sees_parcours_and_delays_and_no_absence(house: House) -> None:
    async with house.browser("mission") as browser:
        home = await page(browser, "/")
        links = [link["href"] for link in home.one("main").all("a")]
        numbers = [
            (link["href"], int(match[0]))
            for link in home.one("main").all("a")
            if (match := re.match(r"\d+", link.text))
        ]
        assert len(numbers) > 4
        for path, number in numbers:
            assert listed(await page(browser, path)) == number, path
        assert "/parcours?vue=expirent" in links
        tree = await page(browser, f"/parcours/{parcours('Éloïse')}")
        assert "ÂGÉNOR Éloïse" in tree.text
        assert "/alertes" not in tree.one("body").raw_text
        assert not [link for link in tree.all("a") if link["href"].startswith("/alertes")]
        assert acts_of(tree) == set()
        for path in ("/alertes", f"/alertes/{alert('Éloïse')}", "/courriels", "/parcours/nouveau"):
            assert (await browser.get(path)).status_code == 403
        assert acts_of(await page(browser, f"/delais/{delay('Éloïse')}")) == {"fait", "sans-objet"}


async def test_those_who_steer_see_no_parcours(house: House) -> None:
    async with house.browser("dasen-31") as browser:
        for path in (
            "/parcours",
            "/parcours.csv",
            f"/parcours/{parcours('Zoé')}",
            "/delais",
            f"/delais/{delay('Zoé')}",
        ):
            assert (await browser.get(path)).status_code == 403


async def test_a_form_from_elsewhere_is_refused(house: House) -> None:
    async with house.browser("chef-tilleuls") as head:
        for path in ("/parcours/nouveau", f"/parcours/{parcours('Zoé')}/cloture", "/delais/nouveau"):
            answer: httpx.Response = await head.post(path, data={"csrf": "forged"})
            assert answer.status_code == 403


async def test_when_the_parcours_service_is_away_the_form_can_be_sent_again_as_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.projections.commands.ANSWER_WITHIN_S", 0.5)
    path = f"/parcours/{parcours('Zoé')}"
    async with house.browser("chef-tilleuls") as head:
        tree = await page(head, path)
        form = tree.one("main").one("form", where=lambda node: node["action"].endswith("/point"))
        asked = {node["name"]: node["value"] for node in form.all("input")}
        answer = await head.post(f"{path}/point", data=asked)
    assert answer.status_code == 503
    again = parse(answer.text)
    assert "réessayez dans un instant" in again.text
    form = again.one("main").one("form", where=lambda node: node["action"].endswith("/point"))
    assert {node["name"]: node["value"] for node in form.all("input")} == asked
