"""Sessions, forms and headers: who a browser is, and what another site cannot make it do."""

from urllib.parse import urlencode

import httpx
import pytest

from tests.web.conftest import House, opened
from tests.web.dom import parse
from tests.web.parcours_population import delay, parcours, placement
from tests.web.population import alert

ALERT = alert("Éloïse")
PARCOURS = parcours("Zoé")


async def test_whoever_is_not_signed_in_is_led_to_sign_in_and_back(house: House) -> None:
    async with house.browser() as browser:
        answer = await browser.get(f"/alertes/{ALERT}?fait=geste")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/connexion?suite=%2Falertes%2F{ALERT}%3Ffait%3Dgeste"
        page = parse((await browser.get(answer.headers["location"])).text)
        form = page.one("form", where=lambda node: node.get("method") == "post")
        target = form.one("input", where=lambda node: node.get("name") == "suite")["value"]
        answer = await browser.post("/connexion", data={"identite": "chef-tilleuls", "suite": target})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/alertes/{ALERT}?fait=geste")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await browser.get(target)).status_code == 200


@pytest.mark.parametrize(
    ("path", "back"),
    [
        (f"/alertes/{ALERT}/gestes", f"/alertes/{ALERT}"),
        (f"/parcours/{PARCOURS}/periodes/{placement('Zoé')}/annuler", f"/parcours/{PARCOURS}"),
        (f"/parcours/{PARCOURS}/ouvrir", f"/parcours/{PARCOURS}/ouvrir"),
        (f"/delais/{delay('Zoé')}/fait", f"/delais/{delay('Zoé')}"),
        ("/parcours/nouveau", "/parcours/nouveau"),
        ("/deconnexion", "/"),
    ],
)
async def test_whoever_sends_a_form_too_late_is_led_back_to_its_page(house: House, path: str, back: str) -> None:
    async with house.browser() as browser:
        answer = await browser.post(path, data={"geste": "GPDS"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/connexion?{urlencode({'suite': back})}")
    async with house.browser("chef-tilleuls") as head:
        assert (await head.get(back)).status_code in (200, 303)


async def test_identities_are_looked_for_without_accents(house: House) -> None:
    async with house.browser() as browser:
        page = parse((await browser.get("/connexion?recherche=reseau")).text)
        assert [each["value"] for each in page.all("button", where=lambda node: node.get("name") == "identite")] == [
            "mlds-31"
        ]


@pytest.mark.parametrize("target", ["//evil.example.org", "https://evil.example.org", "/\\evil.example.org", "evil"])
async def test_signing_in_never_leads_elsewhere(house: House, target: str) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/connexion", data={"identite": "chef-tilleuls", "suite": target})
        assert answer.headers["location"] == "/"


async def test_signing_out_forgets_the_session(house: House) -> None:
    async with house.browser() as browser:
        await browser.post("/connexion", data={"identite": "chef-tilleuls"})
        page = parse((await browser.get("/")).text)
        token = page.one("form", where=lambda node: node.get("action") == "/deconnexion").one("input")["value"]
        assert (await browser.post("/deconnexion", data={"csrf": "wrong"})).status_code == 403
        assert (await browser.post("/deconnexion", data={"csrf": token})).status_code == 303
        assert (await browser.get("/")).status_code == 303


@pytest.mark.parametrize("path", ["prise-en-charge", "gestes", "cloture"])
async def test_a_form_without_its_token_does_nothing(house: House, path: str) -> None:
    async with house.browser("chef-tilleuls") as browser, house.browser("cpe-tilleuls") as other:
        theirs = parse((await other.get("/")).text).one("form", where=lambda n: n["action"] == "/deconnexion")
        for token in ("", "wrong", theirs.one("input")["value"]):
            answer = await browser.post(f"/alertes/{ALERT}/{path}", data={"csrf": token, "geste": "GPDS"})
            assert answer.status_code == 403
            assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example.org"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
async def test_a_form_sent_by_another_site_does_nothing(house: House, headers: dict[str, str]) -> None:
    async with house.browser("chef-tilleuls") as browser:
        page = parse((await browser.get(f"/alertes/{ALERT}")).text)
        token = page.all("input", where=lambda node: node.get("name") == "csrf")[0]["value"]
        answer = await browser.post(f"/alertes/{ALERT}/prise-en-charge", data={"csrf": token}, headers=headers)
        assert answer.status_code == 403
        answer = await browser.post("/connexion", data={"identite": "chef-autan"}, headers=headers)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("who", "method", "path", "status"),
    [
        ("chef-tilleuls", "GET", "/page-qui-n-existe-pas", 404),
        ("chef-tilleuls", "GET", "/deconnexion", 405),
        ("mission", "GET", "/alertes", 403),
        ("chef-tilleuls", "POST", f"/alertes/{ALERT}/gestes", 403),
    ],
)
async def test_whoever_is_signed_in_stays_so_on_a_page_that_says_no(
    house: House, who: str, method: str, path: str, status: int
) -> None:
    async with house.browser(who) as browser:
        answer = await browser.request(method, path)
    assert answer.status_code == status
    page = parse(answer.text)
    assert page.one("nav", where=lambda node: node["aria-label"] == "Navigation principale").all("a")
    assert page.one("form", where=lambda node: node.get("action") == "/deconnexion").one("input")["value"]
    assert "Exemple" in page.one("header").text or "Mission" in page.one("header").text
    assert "Démonstration" in page.text
    assert "sans mot de passe, et les données peuvent être inventées" in page.text, "or somebody's own"
    assert "donnée" not in page.one("footer").text, "it was not looked at"


async def test_no_name_stands_on_a_page_for_nobody(house: House) -> None:
    async with house.browser() as browser, house.browser("inconnu") as other:
        for answer in (await browser.get("/page-qui-n-existe-pas"), await other.get("/alertes")):
            assert parse(answer.text).all("nav") == []


async def test_outside_demonstration_nobody_chooses_an_identity(web_servers: tuple[str, str]) -> None:
    async with opened(*web_servers, demo=False) as house, house.browser() as browser:
        assert (await browser.get("/connexion")).status_code == 404
        assert (await browser.post("/connexion", data={"identite": "chef-tilleuls"})).status_code == 404
        page = await browser.get("/")
        assert page.status_code == 401
        assert "Vous n’êtes pas connecté" in page.text
        assert "Démonstration" not in page.text


async def test_browsers_are_told_what_to_refuse(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        for path in ("/", "/alertes", "/accessibilite", "/nothing", "/api/v1/alerts"):
            headers = (await browser.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"


async def test_no_page_needs_a_script_or_a_style_inside_it(house: House) -> None:
    async with house.browser("chef-tilleuls") as browser:
        for path in ("/", "/alertes", f"/alertes/{ALERT}", "/approche", "/courriels", "/accessibilite", "/connexion"):
            page = parse((await browser.get(path)).text)
            for node in page.walk():
                assert not any(name.startswith("on") or name == "style" for name in node.attributes), path
                assert node.tag != "style"
                if node.tag == "script":
                    assert node["src"].startswith("/static/")
                for name in ("src", "href", "action"):
                    assert not node.get(name).startswith(("http", "//")), path


async def test_static_files_are_served(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as anyone:
        for name in ("style.css", "live.js", "htmx.min.js", "icon.svg"):
            assert (await anyone.get(f"/static/{name}")).status_code == 200
        for name in ("../app.py", "%2e%2e/app.py", "nothing.css"):
            assert (await anyone.get(f"/static/{name}")).status_code == 404
