"""The page of one alert: what it says of the alerts that lie beside it."""

from contracts.examples import alert_closed
from tests.web.conftest import House
from tests.web.population import AUTAN, about, alert, raised
from tests.web.test_web_pages import page


async def test_an_alert_of_level_2_says_that_its_acts_hold_for_level_1_of_the_month_while_that_is_open(
    house: House,
) -> None:
    told = "Ce que vous faites ici vaut aussi pour l’alerte de niveau 1 du même mois."
    one = "répondu"
    await house.tell(raised(one, AUTAN), alert_closed(by="chef-autan", **about(one)), raised(one, AUTAN, level=2))
    async with house.browser("chef-tilleuls") as browser, house.browser("chef-autan") as other:
        for who, address, says in (
            (browser, alert("Loïc", 2), True),
            (browser, alert("Loïc"), False),
            (browser, alert("Éloïse"), False),
            (other, alert(one, 2), False),
        ):
            acts = (await page(who, f"/alertes/{address}")).by_id("agir")
            assert acts is not None
            assert (told in acts.text) == says
