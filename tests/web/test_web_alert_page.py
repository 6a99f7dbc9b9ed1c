"""The page of one alert: what it says of the alerts that lie beside it."""

from collections.abc import AsyncIterator

import pytest

from contracts.examples import alert_acknowledged, alert_closed
from tests.web.conftest import House, opened
from tests.web.population import CYPRES, TILLEULS, about, alert, pupil, raised
from tests.web.test_web_pages import page


@pytest.fixture
async def house(nats_url: str, postgres_url: str) -> AsyncIterator[House]:
    """A house of its own: other tests count the alerts of theirs."""
    async with opened(nats_url, postgres_url) as house:
        yield house


async def test_the_home_page_asks_once_for_the_same_absences(house: House) -> None:
    for name in ("Zoé", "Noël"):
        await house.tell(raised(name, TILLEULS), raised(name, TILLEULS, level=2))
    await house.tell(alert_acknowledged(by="chef-tilleuls", alert_id=alert("Noël", 2), student_id=pupil("Noël")))
    async with house.browser("chef-tilleuls") as head:
        home = await page(head, "/")
        asked = {link.get("id") for link in home.all("a", where=lambda link: link.get("id").startswith("alerte-"))}
        # Noël's level 2 is in hand since before level 1 was answered with it.
        assert asked == {f"alerte-{alert('Zoé', 2)}", f"alerte-{alert('Noël')}"}
        assert "Voir les 3 alertes à traiter" in home.text


async def test_the_alerts_of_two_schools_are_two_matters(house: House) -> None:
    """The coordinator of both is asked for each, and told that an act holds for one."""
    await house.tell(raised("Zoé", CYPRES), raised("Zoé", TILLEULS, level=2))
    async with house.browser("mlds-31") as coordinator:
        home = await page(coordinator, "/")
        for level in (1, 2):
            assert home.by_id(f"alerte-{alert('Zoé', level)}")
        acts = (await page(coordinator, f"/alertes/{alert('Zoé', 2)}")).by_id("agir")
        assert acts is not None
        assert "Ce que vous faites ici vaut aussi" not in acts.text


async def test_an_alert_of_level_2_says_that_its_acts_hold_for_level_1_of_the_month_while_that_is_open(
    house: House,
) -> None:
    told = "Ce que vous faites ici vaut aussi pour l’alerte de niveau 1 du même mois."
    for name in ("Zoé", "Noël"):
        await house.tell(raised(name, TILLEULS), raised(name, TILLEULS, level=2))
    await house.tell(alert_closed(by="chef-tilleuls", **about("Noël")))
    async with house.browser("chef-tilleuls") as head:
        for name, level, says in (("Zoé", 2, True), ("Zoé", 1, False), ("Noël", 2, False)):
            acts = (await page(head, f"/alertes/{alert(name, level)}")).by_id("agir")
            assert acts is not None
            assert (told in acts.text) == says


async def test_the_day_of_an_act_is_asked_for_from_the_month_of_the_alert_on(house: House) -> None:
    await house.tell(raised("Zoé", TILLEULS))
    async with house.browser("chef-tilleuls") as head:
        day = (await page(head, f"/alertes/{alert('Zoé')}")).by_id("le")
    assert day is not None
    assert day["min"] == "2025-10-01"


async def test_a_closed_alert_says_when_another_one_may_come(house: House) -> None:
    """In the same month too: a half-day that was justified, then reported again, reaches the level once more."""
    await house.tell(raised("Zoé", TILLEULS), alert_closed(by="chef-tilleuls", **about("Zoé")))
    async with house.browser("chef-tilleuls") as head:
        acts = (await page(head, f"/alertes/{alert('Zoé')}")).by_id("agir")
    assert acts is not None
    assert "si le compte du même mois repasse sous le seuil puis l’atteint de nouveau" in acts.text
