"""What the catcher keeps, and the pages that show it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.notifications.mailbox import Mailbox, read_mailbox
from services.notifications.pages import pages
from tests.unit.notifications.given import school
from tests.unit.notifications.letters import letter
from tests.web.dom import parse

EVIL = (
    b"From: a@example.org\r\nTo: <script>alert(1)</script>@example.org\r\nSubject: <b>x</b>\r\n"
    b"Content-Type: text/html\r\n\r\n<script>alert(1)</script>\r\n"
)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


async def get(mailbox: Mailbox, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=pages(mailbox.directory))
    async with httpx.AsyncClient(transport=transport, base_url="http://suite") as client:
        return await client.get(path)


def test_an_empty_mailbox(mailbox: Mailbox) -> None:
    assert mailbox.last() == 0
    assert read_mailbox(mailbox.directory) == []


def test_latest_first_page_by_page_across_folders(mailbox: Mailbox) -> None:
    for number in (998, 999, 1000, 1001):
        mailbox.keep(number, letter(where=school()).content)
    assert mailbox.last() == 1001
    assert [caught.number for caught in mailbox.page(3)] == [1001, 1000, 999]
    assert [caught.number for caught in mailbox.page(3, offset=3)] == [998]
    first = mailbox.page(1)[0]
    assert first.to == "Zoé Évrard <who@example.org>"
    assert first.subject.startswith("Absentéisme")
    assert (mailbox.directory / first.path).read_bytes() == letter(where=school()).content


def test_a_half_written_message_is_not_there(mailbox: Mailbox) -> None:
    mailbox.keep(1, b"From: a@example.org\r\n\r\n")
    (mailbox.directory / "000000" / "000000002.partial").write_bytes(b"From")
    assert mailbox.last() == 1


def test_file_names_say_nothing(mailbox: Mailbox) -> None:
    mailbox.keep(1, letter(where=school()).content)
    assert [path.name for path in sorted(mailbox.directory.rglob("*.eml"))] == ["000000001.eml"]


async def test_the_pages_show_it_with_its_proof(mailbox: Mailbox) -> None:
    written = letter(where=school())
    mailbox.keep(1, written.content)
    listed = await get(mailbox, "/courriels-captes")
    assert listed.status_code == 200
    assert "Lycée Les Coteaux" in listed.text
    shown = await get(mailbox, "/courriels-captes/1")
    assert written.rendered_hash in shown.text
    assert "Pourquoi recevez-vous ce courriel" in shown.text
    html = await get(mailbox, "/courriels-captes/1/html")
    assert "<h2" in html.text
    original = await get(mailbox, "/catcher/messages/1.eml")
    assert sha256(original.content).hexdigest() == written.rendered_hash


async def test_json_for_programs(mailbox: Mailbox) -> None:
    for number in (1, 2, 3):
        mailbox.keep(number, letter(where=school()).content)
    document: Any = json.loads((await get(mailbox, "/catcher/messages?limit=2&offset=1")).text)
    assert document["total"] == 3
    assert [item["number"] for item in document["items"]] == [2, 1]
    assert set(document["items"][0]) == {"number", "received_at", "to", "subject", "message_id", "path"}
    one = (await get(mailbox, "/catcher/messages/2")).json()
    assert one["headers"]["Auto-Submitted"] == "auto-generated"
    assert one["text"].startswith("Bonjour")


@pytest.mark.parametrize(
    "path", ["/courriels-captes/9", "/catcher/messages/9", "/catcher/messages/9.eml", "/courriels-captes/../x"]
)
async def test_what_is_not_there_is_not_found(mailbox: Mailbox, path: str) -> None:
    assert (await get(mailbox, path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/courriels-captes/9", "Ce courriel n’existe pas"),
        ("/courriels-captes/9/html", "Ce courriel n’existe pas"),
        ("/courriels-captes/neuf", "Cette page n’existe pas"),
        ("/courriels-captes/9/rien/de/tel", "Cette page n’existe pas"),
    ],
)
async def test_who_looks_for_what_is_not_there_is_led_back_in_french(mailbox: Mailbox, path: str, title: str) -> None:
    answer = await get(mailbox, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-store"
    page = parse(answer.text)
    assert (page.one("html")["lang"], page.one("h1").text) == ("fr", title)
    assert page.one("main").one("a")["href"] == "/courriels-captes"
    program = await get(mailbox, "/catcher/rien")
    assert (program.status_code, program.json()) == (404, {"detail": "Cette page n’existe pas"})


@pytest.mark.parametrize("query", ["?limit=-1", "?limit=x&offset=%00", "?limit=" + "9" * 50])
async def test_odd_questions_are_answered(mailbox: Mailbox, query: str) -> None:
    assert (await get(mailbox, "/catcher/messages" + query)).status_code == 200


async def test_a_hostile_message_is_shown_harmlessly(mailbox: Mailbox) -> None:
    mailbox.keep(1, EVIL)
    for path in ("/courriels-captes", "/courriels-captes/1"):
        assert "<script>" not in (await get(mailbox, path)).text
    html = await get(mailbox, "/courriels-captes/1/html")
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]
