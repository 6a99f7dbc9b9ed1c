"""The secret of sessions is replaced in its file while somebody is signed in: nothing is started again."""

from pathlib import Path

import httpx

from services.projections import tokens
from tests.real.eventually import eventually
from tests.web.conftest import SECRET, opened
from tests.web.dom import parse

NEW = "another secret, of thirty-two characters or more"


def hold(file: Path, *lines: str) -> None:
    """As Kubernetes does with a mounted secret: the former content, or the new one."""
    new = file.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n")
    new.replace(file)


async def test_a_session_goes_on_while_its_secret_is_a_line_and_ends_with_it(
    web_servers: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "token.secret"
    hold(file, SECRET)
    async with opened(*web_servers, secret_file=file) as house, house.browser() as browser, house.browser() as other:

        async def sign_in(someone: httpx.AsyncClient) -> str:
            await someone.post("/connexion", data={"identite": "chef-tilleuls"})
            return str(someone.cookies["perseverance_session"])

        async def signed_with_the_new_one() -> bool:
            try:
                return bool(tokens.verify([NEW.encode()], await sign_in(other)))
            except tokens.BadToken:
                return False

        async def over() -> bool:
            return (await browser.get("/")).status_code == 303

        session = await sign_in(browser)
        home = parse((await browser.get("/")).text)
        form = home.one("form", where=lambda node: node.get("action") == "/deconnexion").one("input")["value"]
        searched = (await browser.post("/alertes", data={"recherche": "Éloïse"})).headers["location"]

        hold(file, NEW, SECRET)
        await eventually(signed_with_the_new_one)
        assert (await browser.get("/")).status_code == 200
        assert "Éloïse" in (await browser.get(searched)).text
        assert (await browser.post("/deconnexion", data={"csrf": form, "suite": "/"})).status_code == 303
        browser.cookies.set("perseverance_session", session)
        assert (await browser.get("/")).status_code == 200

        hold(file, NEW)
        await eventually(over)
        assert (await other.get("/")).status_code == 200, "signed in since, and still so"
