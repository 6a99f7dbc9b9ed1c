"""Pages that stay open, in a real browser: what changes under somebody's eyes, and what they are told of it."""

from collections.abc import AsyncIterator

import pytest

from contracts.examples import (
    alert_acknowledged,
    alert_closed,
    student_enrolled,
    threshold_approached,
    threshold_reached,
)
from contracts.examples.common import half_days
from contracts.parcours import Outcome, ParcoursClosed, ReviewHeld, Scheme
from services.projections.web import pupil_pages
from tests.web.chromium import Tab, browsing, needs_chromium
from tests.web.conftest import House, opened
from tests.web.parcours_population import Life, days, delay, parcours, parcours_told
from tests.web.population import CYPRES, TILLEULS, about, alert, identity, pupil, told

pytestmark = [needs_chromium, pytest.mark.long]
ALERT = f"/alertes/{alert('Éloïse')}"


@pytest.fixture
async def house(nats_url: str, postgres_url: str) -> AsyncIterator[House]:
    async with opened(nats_url, postgres_url) as house:
        await house.tell(*told(), *parcours_told())
        yield house


@pytest.fixture
async def tab(house: House) -> AsyncIterator[Tab]:
    """A head, at a browser."""
    async with browsing(house) as tab:
        await tab.sign_in("chef-tilleuls")
        yield tab


async def news(house: House, name: str = "nouvelle") -> None:
    """Something happens in the school."""
    await house.tell(threshold_reached(student_id=pupil(name), alert_id=alert(name), uai=TILLEULS))


async def test_a_session_that_expired_is_said_and_leaves_the_page_as_it_is(house: House, tab: Tab) -> None:
    for path in (ALERT, "/alertes?niveau=1"):
        await tab.sign_in("chef-tilleuls")
        await tab.open(path)
        before = await tab.run("document.getElementById('vivant').outerHTML")
        await tab.forget()
        await news(house, path)
        link = await tab.until("document.querySelector('#arret a')?.getAttribute('href')")
        assert link == path
        assert "Votre session a expiré. Reconnectez-vous pour continuer." in await tab.announced()
        assert await tab.run("document.getElementById('vivant').outerHTML") == before
        assert await tab.run("document.querySelectorAll('#arret').length") == 1
        assert await tab.run("location.pathname + location.search") == path


async def test_a_filter_asked_for_after_the_session_expired_keeps_the_list(tab: Tab) -> None:
    await tab.open("/alertes")
    await tab.forget()
    await tab.run("document.querySelector('form.filters').requestSubmit()")
    assert await tab.until("document.querySelector('#arret a')?.getAttribute('href')") == "/alertes"
    assert await tab.run("Boolean(document.getElementById('vivant'))")
    assert await tab.run("location.pathname") == "/alertes"


async def test_after_a_refused_form_the_page_still_follows_and_keeps_what_was_typed(house: House, tab: Tab) -> None:
    await tab.open(ALERT)
    await tab.run("window.listening = false; document.getElementById('le').value = '2999-01-01'")
    await tab.run("document.getElementById('le').form.noValidate = true")
    await tab.run("document.getElementById('le').form.requestSubmit()")
    await tab.until("document.getElementById('erreurs') && window.listening")
    assert await tab.run("location.pathname") == f"{ALERT}/gestes"
    await house.tell(alert_acknowledged(by="cpe-tilleuls", **about("Éloïse")))
    await tab.until("document.getElementById('vivant').textContent.includes('Prise en charge')")
    assert await tab.run("document.getElementById('le').value") == "2999-01-01"


async def test_what_was_just_done_has_the_focus_so_that_it_is_said(tab: Tab) -> None:
    for path in (ALERT, f"/parcours/{parcours('Zoé')}", f"/delais/{delay('Zoé')}", "/parcours", "/delais"):
        await tab.open(f"{path}?fait=attente")
        assert "enregistré" in await tab.run("document.getElementById('fait').textContent")
        assert await tab.focused() == "fait", path


async def test_a_change_leaves_the_focus_where_it_is_or_nearby(house: House, tab: Tab) -> None:
    await tab.open("/")
    await tab.run("document.querySelector('a[href=\"/alertes?etat=a-traiter\"]').focus()")
    place = await tab.focused()
    await news(house)
    await tab.until("document.getElementById('annonce').textContent")
    assert await tab.focused() == place != "BODY"
    await tab.open("/alertes?etat=a-traiter&recherche=eloise")
    await tab.run(f"document.getElementById('alerte-{alert('Éloïse')}').focus()")
    await house.tell(alert_acknowledged(by="cpe-tilleuls", **about("Éloïse")))
    await tab.until("document.getElementById('annonce').textContent")
    assert await tab.focused() == "resultat", "the row is gone, the list is not"


async def test_whoever_fills_in_a_form_is_told_that_it_is_too_late(house: House, tab: Tab) -> None:
    closed = Life("Jules", CYPRES, Scheme.PAFI).then(ParcoursClosed, outcome=Outcome.JOB, closed_on=days(0))
    period = "#periodes form[action$='/periode'] input[type=date]"
    for path, field, fact, said in (
        (ALERT, "#geste", alert_closed(by="cpe-tilleuls", **about("Éloïse")), "Cette alerte vient d’être close par Cl"),
        (f"/parcours/{parcours('Jules')}", period, closed, "Ce parcours vient d’être clos par Maxime"),
    ):
        await tab.sign_in("mlds-31")
        await tab.open(path)
        await tab.run(f"document.querySelector({field!r}).dispatchEvent(new Event('input', {{bubbles: true}}))")
        await house.tell(fact)
        assert said in await tab.until("document.querySelector('.too-late')?.textContent")
        await tab.until("document.getElementById('annonce').textContent")
        assert "ce que vous saisissez ne pourra plus être enregistré." in await tab.announced()
        assert await tab.run(f"Boolean(document.querySelector({field!r}))"), "what was typed is still there"


async def test_a_form_that_nobody_began_follows_even_with_the_focus(house: House, tab: Tab) -> None:
    await tab.open(ALERT)
    await tab.run("document.getElementById('geste').focus()")
    await house.tell(alert_closed(by="cpe-tilleuls", **about("Éloïse")))
    await tab.until("document.getElementById('annonce').textContent")
    assert await tab.run("document.querySelectorAll('#agir form').length") == 0
    assert await tab.focused() == "agir-titre"


async def test_what_was_unfolded_stays_so_when_the_page_is_refreshed(house: House, tab: Tab) -> None:
    dates = f"#dates-{pupil('Maëlle')}-2025-10-2"
    await tab.open("/approche")
    await tab.run(f"document.querySelector({dates!r}).click()")
    shown = "[...document.querySelectorAll('#vivant details')].map(each => each.open)"
    before = await tab.run(shown)
    assert before.count(True) == 1
    await house.tell(threshold_approached(student_id=pupil("Éloïse"), level=2, uai=TILLEULS, counted=half_days(9)))
    await tab.until("document.getElementById('annonce').textContent")
    after = await tab.run(shown)
    assert (len(after), after.count(True)) == (len(before) + 1, 1)
    assert await tab.run(f"document.querySelector({dates!r}).parentNode.open")


async def test_what_was_unfolded_by_the_page_itself_is_folded_again_once_it_is_done(house: House, tab: Tab) -> None:
    """The review that is late comes unfolded; somebody else holds it meanwhile."""
    unfolded = "document.getElementById('plier-point').parentNode.open"
    await tab.open(f"/parcours/{parcours('Zoé')}")
    assert await tab.run(unfolded)
    await house.tell(Life("Zoé", scheme=Scheme.AVENIR_PRO_PLUS).then(ReviewHeld, held_on=days(-1), next_review_on=None))
    await tab.until("document.getElementById('annonce').textContent")
    assert not await tab.run(unfolded)


async def test_who_suspends_refreshes_in_one_tab_suspends_them_in_all_until_they_go_on(house: House, tab: Tab) -> None:
    other = await tab.beside()
    await tab.open("/")
    await other.open("/alertes")
    button = "[...document.querySelectorAll('footer button')].at(-1)"
    await other.run(f"{button}.click()")
    await tab.until(f"{button}.textContent.startsWith('Reprendre')")
    await other.open("/approche")
    assert (await other.run(f"{button}.textContent")).startswith("Reprendre"), "on the next page too"
    await news(house)
    await other.run(f"{button}.click()")
    await tab.until(f"{button}.textContent.startsWith('Suspendre')")
    await tab.say("Page.bringToFront")
    assert "mise à jour" in await tab.until("document.getElementById('annonce').textContent")


@pytest.mark.parametrize("followed", [False, True])
async def test_a_list_of_very_many_schools_does_not_ask_for_itself(
    tab: Tab, monkeypatch: pytest.MonkeyPatch, followed: bool
) -> None:
    if not followed:
        monkeypatch.setattr(pupil_pages, "MANY_SCHOOLS", 0)
    asks = "window.EventSource = class extends EventTarget { constructor() { super(); window.asks = true; } };"
    await tab.say("Page.addScriptToEvaluateOnNewDocument", source=asks)
    await tab.say("Page.navigate", url=tab.address("/eleves"))
    await tab.until("document.readyState === 'complete' && Boolean(document.getElementById('vivant'))")
    assert await tab.run("Boolean(window.asks)") is followed
    await tab.run("document.getElementById('recherche').value = 'agenor'")
    await tab.run("document.querySelector('form.filters').requestSubmit()")
    await tab.until("document.getElementById('annonce').textContent")
    assert "1" in await tab.announced(), "filters answer as in other lists"


async def test_the_page_of_a_pupil_says_the_same_all_over(house: House, tab: Tab) -> None:
    """A name arrives, and a colleague opens a parcours: the title and the buttons follow."""
    await house.tell(threshold_reached(student_id=pupil("Tardif"), alert_id=alert("Tardif"), uai=TILLEULS))
    await house.tell(student_enrolled(student_id=pupil("Tardif"), uai=TILLEULS))
    await tab.open(f"/eleves/{pupil('Tardif')}")
    shown = "['h1', 'nav.crumbs [aria-current]'].map(each => document.querySelector(each).textContent)"
    assert await tab.run(shown) == ["Identité non communiquée"] * 2
    await tab.run("document.getElementById('ouvrir-parcours').focus()")
    await house.tell(*identity("Tardif", "NOM", "1A", TILLEULS, 70))
    await tab.until("document.querySelector('h1').textContent === 'NOM Tardif'")
    await tab.until("document.getElementById('annonce').textContent")
    assert await tab.run(shown) == ["NOM Tardif"] * 2
    assert "NOM Tardif" in await tab.run("document.title")
    assert await tab.focused() == "ouvrir-parcours"
    await house.tell(Life("Tardif").opened(-3, 60))
    await tab.until("!document.getElementById('ouvrir-parcours')")
    assert await tab.run("Boolean(document.getElementById('suivre-delai'))")


async def test_the_classes_of_a_school_come_with_its_pupils(tab: Tab) -> None:
    await tab.sign_in("mlds-31")
    await tab.open("/eleves")
    assert await tab.run("document.getElementById('classe') === null")
    await tab.run(f"document.getElementById('etablissement').value = '{TILLEULS}'")
    await tab.run("document.querySelector('form.filters').requestSubmit()")
    await tab.until("document.querySelectorAll('#classe option').length > 1")
