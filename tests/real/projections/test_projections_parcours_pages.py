"""A head leads a parcours from the pages, without a script, with the real parcours service behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.examples import pupil_identified, student_enrolled, threshold_reached
from services.parcours.app import build as build_parcours
from services.parcours.settings import ParcoursSettings
from tests.real.projections.test_projections_acts import form_of, running
from tests.real.projections.test_projections_parcours_acts import TODAY, day
from tests.web.conftest import House
from tests.web.dom import Node, parse
from tests.web.population import TILLEULS

INE = "990000456CD"
TDO = {"type": "TDO", "volontaire": "oui", "solutions": "oui", "geste": "ouvrir", "pourquoi": "GPDS_DECIDED"}


@pytest.fixture
async def service(house: House, nats_url: str, postgres_url: str) -> AsyncIterator[None]:
    """The parcours service, running."""
    async with running(build_parcours(ParcoursSettings(nats_url=nats_url, database_url=postgres_url))):
        yield


@pytest.fixture
async def alert(house: House) -> UUID:
    """The alert of a pupil of the school."""
    student, alert = uuid4(), uuid4()
    born = TODAY - timedelta(days=17 * 366)
    await house.tell(
        pupil_identified(student_id=student, ine=INE, uai=TILLEULS, birth_date=born, last_name="DURAND"),
        student_enrolled(student_id=student, uai=TILLEULS),
        threshold_reached(student_id=student, alert_id=alert, uai=TILLEULS),
    )
    return alert


@pytest.fixture
async def head(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.browser("chef-tilleuls") as head:
        yield head


async def sent(browser: httpx.AsyncClient, page: str, action: str, said: dict[str, Any]) -> httpx.Response:
    """The form of `page` that ends in `action`, filled in and sent."""
    tree = parse((await browser.get(page)).text)
    form = tree.one("form", where=lambda node: node.get("action", "").endswith(action))
    hidden = {field["name"]: field["value"] for field in form.all("input") if field.get("type") == "hidden"}
    return await browser.post(form["action"], data=hidden | said)


async def after(browser: httpx.AsyncClient, answer: httpx.Response) -> Node:
    """The page that an act leads to."""
    assert answer.status_code == 303, answer.text
    assert "attente" not in answer.headers["location"]
    return parse((await browser.get(answer.headers["location"])).text)


async def open_one(browser: httpx.AsyncClient, alert: UUID, **differently: Any) -> str:
    """A TDO of this pupil, and the address of its page."""
    said = TDO | {"debut": day(-10), "fin": day(60)} | differently
    answer = await sent(browser, f"/parcours/nouveau?alerte={alert}", "/nouveau", said)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


pytestmark = pytest.mark.usefixtures("service")


async def test_a_head_opens_a_parcours_from_an_alert_and_leads_it_to_its_end(
    head: httpx.AsyncClient, alert: UUID
) -> None:
    said = TDO | {"debut": day(-10), "fin": day(60)}
    tree = await after(head, await sent(head, f"/parcours/nouveau?alerte={alert}", "/nouveau", said))
    assert "Le parcours est ouvert." in tree.text
    assert "Il reste 60 jours" in tree.text
    assert "décision du GPDS" in tree.text
    (parcours,) = {
        link["href"]
        for link in parse((await head.get(f"/alertes/{alert}")).text).all("a")
        if link["href"].startswith("/parcours/") and "nouveau" not in link["href"]
    }
    steps: list[tuple[str, dict[str, str], tuple[str, ...]]] = [
        ("/convention", {"partenaire": "E2C", "signee": day(-5), "depuis": day(-3)}, ("École de la 2e chance",)),
        ("/referent", {"referent": "cpe-tilleuls"}, ("Référent désigné : Claude Modèle (CPE)",)),
        ("/periode", {"du": day(5), "au": day(11)}, ("7 jours en entreprise",)),
        ("/modifier", {"du": day(6), "au": day(15), "pourquoi": "PARTNER_ASKED"}, ("10 jours en entreprise",)),
        ("/annuler", {"pourquoi": "HEALTH"}, ("Aucune période en entreprise", "raison de santé")),
        ("/point", {"le": day(0)}, ("Point d’étape le",)),
        ("/suspension", {"le": day(1), "pourquoi": "HEALTH"}, ("Suspendu à partir du",)),
        ("/reprise", {"le": day(3), "pourquoi": "PUPIL_ASKED"}, ("Prochain point d’étape avant le",)),
        ("/prolongation", {"fin": day(80), "pourquoi": "SCHOOL_DECIDED"}, ("Il reste 80 jours",)),
        ("/cloture", {"issue": "JOB", "le": day(0), "pourquoi": "PUPIL_ASKED"}, (": emploi.", "plus rien à faire")),
    ]
    for action, said, told in steps:
        tree = await after(head, await sent(head, parcours, action, said))
        assert tree.by_id("fait") is not None
        for words in told:
            assert words in tree.text, action
    assert "Clos" in parse((await head.get("/parcours?vue=clos")).text).text


async def test_what_is_proposed_is_opened_or_put_aside_later(head: httpx.AsyncClient, alert: UUID) -> None:
    page = f"/parcours/nouveau?alerte={alert}"
    proposal = {"type": "TDO", "gpds": day(-20), "pourquoi": "GPDS_DECIDED", "geste": "proposer"}
    tree = await after(head, await sent(head, page, "/nouveau", proposal))
    assert "Proposé, pas encore ouvert" in tree.text
    path = tree.one("main").one("form", where=lambda node: node["action"].endswith("/ecartement"))["action"]
    parcours = path.removesuffix("/ecartement")
    said = TDO | {"debut": day(0), "fin": day(60)}
    opened = await after(head, await sent(head, f"{parcours}/ouvrir", "/ouvrir", said))
    assert "Il reste 60 jours" in opened.text
    assert (await head.get(f"{parcours}/ouvrir")).status_code == 303, "it is open already"
    other = await after(head, await sent(head, page, "/nouveau", proposal | {"type": "PAFI"}))
    path = other.one("main").one("form", where=lambda node: node["action"].endswith("/ecartement"))["action"]
    aside = await after(head, await sent(head, path.removesuffix("/ecartement"), "/ecartement", {"pourquoi": "PUPIL_ASKED"}))  # fmt: skip # noqa: E501
    assert "Cette proposition a été écartée" in aside.text


async def test_the_same_form_sent_twice_is_one_act(head: httpx.AsyncClient, alert: UUID) -> None:
    tree = parse((await head.get(f"/parcours/nouveau?alerte={alert}")).text)
    form = form_of(tree, "/nouveau") | TDO | {"debut": day(-10), "fin": day(60), "gpds": "", "session": ""}
    answers = await asyncio.gather(*(head.post("/parcours/nouveau", data=form) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    (path,) = {answer.headers["location"].partition("?")[0] for answer in answers}
    period = form_of(parse((await head.get(path)).text), "/periode") | {"du": day(5), "au": day(11)}
    for _ in range(2):
        tree = await after(head, await head.post(f"{path}/periode", data=period))
        assert tree.text.count("Période en entreprise prévue") == 1
    assert "3 parcours" not in parse((await head.get("/parcours")).text).text


async def test_a_refusal_is_at_the_top_with_its_rule_and_what_would_do_and_all_is_kept(
    head: httpx.AsyncClient, alert: UUID
) -> None:
    said = {"type": "TDO", "debut": day(-3), "fin": day(45), "solutions": "oui", "gpds": day(-9), "geste": "ouvrir"}
    said |= {"pourquoi": "FAMILY_ASKED"}
    answer = await sent(head, f"/parcours/nouveau?alerte={alert}", "/nouveau", said)
    assert answer.status_code == 409
    tree = parse(answer.text)
    assert tree.one("title").text.startswith("Erreur : ")
    box = tree.by_id("erreurs")
    assert box is not None
    assert (box["role"], box["tabindex"]) == ("alert", "-1")
    assert "autofocus" in box.attributes, "even without a script it has the focus"
    for words in (
        "L’élève doit être volontaire",
        "Règle TDO-11",
        "Circulaire du 18 juillet 2023",
        "recueillez son accord",
    ):
        assert words in box.text
    assert box.one("a")["href"] == "#ouverture-volontaire"
    for name in ("debut", "fin", "gpds"):
        field = tree.by_id(f"ouverture-{name}")
        assert field is not None
        assert field["value"] == said[name]
    wrong = tree.by_id("ouverture-volontaire")
    assert wrong is not None
    assert wrong["aria-invalid"] == "true"
    ticked = {node["name"] for node in tree.all("input", where=lambda node: "checked" in node.attributes)}
    assert ticked == {"type", "solutions"}
    chosen = tree.by_id("ouverture-pourquoi")
    assert chosen is not None
    assert chosen.one("option", where=lambda node: "selected" in node.attributes)["value"] == "FAMILY_ASKED"


async def test_61_days_in_a_company_of_90_are_refused_where_they_were_asked(
    head: httpx.AsyncClient, alert: UUID
) -> None:
    start = TODAY if TODAY.month >= 9 else TODAY.replace(day=1, month=9)
    last = start + timedelta(days=89)
    after_exam = {"diplome": "CAP", "session": str(start.year), "situation": "libre"}
    path = await open_one(
        head, alert, type="AVENIR_PRO_PLUS", debut=start.isoformat(), fin=last.isoformat(), **after_exam
    )
    days = {"du": start.isoformat(), "au": (start + timedelta(days=60)).isoformat()}
    answer = await sent(head, path, "/periode", days)
    assert answer.status_code == 409
    tree = parse(answer.text)
    box = tree.by_id("erreurs")
    assert box is not None
    assert "61 jours sur 90" in box.text
    assert "60 jours au plus" in box.text
    assert "Règle AE-23" in box.text
    field = tree.by_id("periode-au")
    assert field is not None
    assert field["value"] == days["au"]
    assert any(node.tag == "details" and "open" in node.attributes for node in field.above())
    days["au"] = (start + timedelta(days=59)).isoformat()
    tree = await after(head, await sent(head, path, "/periode", days))
    assert "60 jours sur 60 possibles" in tree.text


async def test_a_day_that_makes_no_sense_is_refused_at_its_field(head: httpx.AsyncClient, alert: UUID) -> None:
    path, opening = await open_one(head, alert), f"/parcours/nouveau?alerte={alert}"
    why = {"pourquoi": "OTHER"}
    for page, action, field, said in (
        (path, "/cloture", "cloture-le", why | {"issue": "JOB", "le": day(-375)}),
        (path, "/prolongation", "prolongation-fin", why | {"fin": "31/12/9999"}),
        (path, "/convention", "convention-signee", {"partenaire": "E2C", "signee": "06/10/0025", "depuis": day(-3)}),
        ("/delais/nouveau", "/nouveau", "delai-depuis", {"ine": INE, "nature": "OF_SUMMONS", "depuis": "01/01/2000"}),
        (opening, "/nouveau", "ouverture-gpds", TDO | {"debut": day(0), "fin": day(9), "gpds": "06/10/0025"}),
        (opening, "/nouveau", "ouverture-fin", TDO | {"debut": day(0), "fin": day(365 * 900)}),
        (opening, "/nouveau", "ouverture-debut", TDO | {"debut": day(365 * 900), "fin": day(365 * 900)}),
    ):
        answer = await sent(head, page, action, said)
        assert answer.status_code == 409
        tree = parse(answer.text)
        box = tree.by_id("erreurs")
        assert box is not None
        assert [link["href"] for link in box.all("a")] == [f"#{field}"]
        assert "Vérifiez l’année" in tree.text
        wrong = tree.by_id(field)
        assert wrong is not None
        assert wrong["aria-invalid"] == "true"


async def test_what_is_missing_is_said_at_its_field(head: httpx.AsyncClient, alert: UUID) -> None:
    path = await open_one(head, alert)
    for action, act, said, fields in (
        ("/cloture", "cloture", {"issue": "", "le": day(0), "pourquoi": "OTHER"}, ["issue"]),
        ("/point", "point", {"le": "hier"}, ["le"]),
        ("/convention", "convention", {"partenaire": "X", "signee": "", "depuis": day(0)}, ["partenaire", "signee"]),
        ("/referent", "referent", {"referent": "chef-autan"}, ["referent"]),
        ("/periode", "periode", {"du": "", "au": ""}, ["du", "au"]),
    ):
        answer = await sent(head, path, action, said)
        assert answer.status_code == 422
        tree = parse(answer.text)
        box = tree.by_id("erreurs")
        assert box is not None
        assert [link["href"] for link in box.all("a")] == [f"#{act}-{field}" for field in fields]
        for field in fields:
            wrong = tree.by_id(f"{act}-{field}")
            assert wrong is not None
            assert wrong["aria-invalid"] == "true"
    answer = await sent(
        head, f"/parcours/nouveau?alerte={alert}", "/nouveau", TDO | {"type": "AVENIR_PRO_PLUS", "debut": "", "fin": ""}
    )
    box = parse(answer.text).by_id("erreurs")
    assert box is not None
    fields = ["debut", "fin", "diplome", "session", "situation"]
    assert [link["href"].removeprefix("#ouverture-") for link in box.all("a")] == fields


async def test_a_first_day_that_is_refused_is_shown_at_its_field(head: httpx.AsyncClient, alert: UUID) -> None:
    opening = TDO | {"debut": "2000-01-01", "fin": "2000-02-01"}
    for page, said, field in (
        (f"/parcours/nouveau?alerte={alert}", opening, "ouverture-debut"),
        ("/delais/nouveau", {"ine": INE, "nature": "OF_SUMMONS", "depuis": day(5)}, "delai-depuis"),
        ("/delais/nouveau", {"ine": INE, "nature": "OF_SUMMONS", "depuis": "1990-01-01"}, "delai-depuis"),
    ):
        answer = await sent(head, page, "/nouveau", said)
        assert answer.status_code == 409
        tree = parse(answer.text)
        box, wrong = tree.by_id("erreurs"), tree.by_id(field)
        assert box is not None
        assert wrong is not None
        assert box.one("a")["href"] == f"#{field}"
        assert wrong["aria-invalid"] == "true"


async def test_a_delay_is_started_by_ine_and_ended(house: House, head: httpx.AsyncClient, alert: UUID) -> None:
    async with house.browser("mission") as partner:
        unknown = await sent(
            partner, "/delais/nouveau", "/nouveau", {"ine": "990000999ZZ", "nature": "OF_SUMMONS", "depuis": day(-5)}
        )
        assert unknown.status_code == 422
        assert "n’a cet INE" in unknown.text
        said = {"ine": INE.lower(), "nature": "RETURN_INTERVIEW", "depuis": day(-5)}
        tree = await after(partner, await sent(partner, "/delais/nouveau", "/nouveau", said))
        assert "Il reste 10 jours" in tree.text
        assert "DURAND" in tree.text
        path = tree.one("form", where=lambda node: node.get("action", "").endswith("/fait"))["action"]
        tree = await after(partner, await sent(partner, path.removesuffix("/fait"), "/fait", {}))
        assert "C’est fait." in tree.text
    student = await sent(
        head, f"/delais/nouveau?eleve={uuid4()}", "/nouveau", {"nature": "OF_SUMMONS", "depuis": day(0)}
    )
    assert student.status_code == 422
    other = {"ine": INE, "nature": "OF_SUMMONS", "depuis": day(-5)}
    tree = await after(head, await sent(head, "/delais/nouveau", "/nouveau", other))
    path = tree.one("form", where=lambda node: node.get("action", "").endswith("/sans-objet"))["action"]
    answer = await sent(head, path.removesuffix("/sans-objet"), "/sans-objet", {"pourquoi": ""})
    assert answer.status_code == 422
    tree = await after(
        head, await sent(head, path.removesuffix("/sans-objet"), "/sans-objet", {"pourquoi": "CORRECTION"})
    )
    assert "Sans objet." in tree.text
