"""Pages on a screen of 320 px, or at 400 % on a wide one, in a real browser: nothing asks for a second direction."""

import pytest

from tests.web.chromium import browsing, needs_chromium
from tests.web.conftest import House
from tests.web.test_web_accessibility import PATHS

pytestmark = [needs_chromium, pytest.mark.long]
_TOO_WIDE = """
(() => {
  document.querySelectorAll("details").forEach(each => { each.open = true; });
  const most = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= most) { return []; }
  return [...document.body.querySelectorAll("*")].filter(each => each.getBoundingClientRect().right > most
    && !each.closest(".wide, .unseen, .skip")).map(each => `${each.tagName} ${each.className}`);
})()
"""


async def test_nothing_but_tables_is_wider_than_a_narrow_screen(house: House) -> None:
    found = {}
    async with browsing(house) as tab:
        await tab.say("Emulation.setDeviceMetricsOverride", width=320, height=800, deviceScaleFactor=1, mobile=False)
        for who, path in PATHS:
            await (tab.sign_in(who) if who else tab.forget())
            await tab.open(path)
            assert await tab.run("window.innerWidth") == 320
            found[f"{who} {path}"] = await tab.run(_TOO_WIDE)
        await tab.sign_in("chef-tilleuls")
        await tab.open("/delais/nouveau")
        await tab.run("document.querySelector('form.sheet').requestSubmit()")
        await tab.until("Boolean(document.getElementById('erreurs'))")
        found["a form with errors"] = await tab.run(_TOO_WIDE)
    assert {path: each for path, each in found.items() if each} == {}
