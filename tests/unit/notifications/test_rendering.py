"""What a recipient reads, and what can never be in it."""

import re
from hashlib import sha256
from itertools import combinations
from uuid import uuid4

import pytest

from contracts.delays import DelayKind
from contracts.directory import Role
from contracts.identifiers import file_number
from contracts.notifications import MailTemplate
from services.notifications.audience import AUDIENCE
from services.notifications.events import About
from services.notifications.facts import Fact
from services.notifications.people import People
from services.notifications.rendering import Identity, Renderer
from services.notifications.wording.common import NO_PAGE, ROLES
from services.projections.scope import Sees, scope_of
from tests.unit.notifications.given import ALERT, DAY, DELAY, NOW, PARCOURS, PUPIL, REACHED, UAI, actor, school
from tests.unit.notifications.letters import (
    EVERY,
    FACTS,
    IDENTITY,
    LEVEL_2,
    MAIL,
    about_of,
    body,
    letter,
    parsed,
    read,
    subject,
)


@pytest.mark.parametrize(("fact", "role"), [each for each in EVERY if each[0] in (REACHED, LEVEL_2)])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_an_alert_says_which_month_and_count(fact: Fact, role: Role, kind: str) -> None:
    text = body(letter(fact, role, where=school()), kind)
    level, count = (1, 4) if fact is REACHED else (2, 10)
    for expected in (
        "octobre\u00a02025",
        f"{count}\u00a0demi-journées",
        f"niveau\u00a0{level}",
        f"https://suite.example.org/alertes/{ALERT}",
        "R.\u00a0131-7",
    ):
        assert expected in text


@pytest.mark.parametrize(("fact", "role"), EVERY)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_it_says_which_school_which_file_and_why_the_person_reads_it(fact: Fact, role: Role, kind: str) -> None:
    text = read(letter(fact, role, where=school()), kind)
    about_id = about_of(fact)
    number = file_number(about_id)
    for expected in (
        "Lycée Les Coteaux",
        UAI,
        number,
        "Et maintenant ?" if kind == "html" else "ET MAINTENANT ?",
        "Pourquoi recevez-vous ce courriel ? Parce que l’annuaire vous désigne comme " + ROLES[role],
        "à cette fonction. Si ce n’est plus la vôtre",
        "ne figurent jamais dans nos courriels",
    ):
        assert expected in text
    link = re.search(rf"/(alertes|parcours|delais)/{about_id}", body(letter(fact, role), kind))
    assert bool(link) == (role is not Role.CFA)
    assert ("visibles qu’après connexion" in text) == bool(link)
    assert number in subject(letter(fact, role))


@pytest.mark.parametrize(("fact", "role"), [each for each in EVERY if each[1] is Role.CFA])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_who_has_no_page_is_told_whom_to_call(fact: Fact, role: Role, kind: str) -> None:
    text = read(letter(fact, role, where=school()), kind)
    assert "suite.example.org" not in body(letter(fact, role, where=school()), kind)
    assert "Ouvrir le dossier" not in text
    assert (
        "appelez l’établissement « Lycée Les Coteaux » ou le coordonnateur ou la coordonnatrice de la MLDS, en donnant "
        f"ce numéro : dossier {file_number(DELAY)}." in text
    )


def test_whoever_is_given_a_link_has_a_page() -> None:
    for role in {role for _, role in EVERY}:
        place = UAI if role in (Role.CHEF_ETAB, Role.CPE) else "R1"
        sees = scope_of(actor("who", role, place), [school()], DAY).sees
        assert (sees is Sees.NOTHING) == (role in NO_PAGE), role


@pytest.mark.parametrize(("fact", "role"), EVERY)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_nothing_identifies_the_pupil(fact: Fact, role: Role, kind: str) -> None:
    written = letter(fact, role, where=school())
    for text in (body(written, kind), written.content.decode()):
        assert str(PUPIL) not in text
        assert PUPIL.hex not in text


@pytest.mark.parametrize(("fact", "role"), EVERY)
def test_both_parts_say_the_same(fact: Fact, role: Role) -> None:
    written = letter(fact, role, where=school())
    html = read(written, "html")
    sentences = [line for line in body(written, "plain").splitlines() if line.endswith((".", "\u00a0;"))]
    assert len(sentences) >= 6
    assert [line for line in sentences if " ".join(line.removeprefix("- ").split()) not in html] == []


@pytest.mark.parametrize(("fact", "role"), EVERY)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_french_typography_is_respected(fact: Fact, role: Role, kind: str) -> None:
    html = body(letter(fact, role, where=school()), kind)
    text = re.sub(r"<style.*?</style>|<[^>]*>", "", html, flags=re.DOTALL).replace("https:", "")
    assert not re.search(r"[^\u00a0\s][;?!»%]|[^\u00a0]:(?!\d)", text)
    assert not re.search(r" [;:?!»%]|« ", text)
    assert not re.search(r"\.\.|,,| ,| \.|\{|\}|None|\n\n\n\n", text)
    assert not re.search(r"\d (demi-journée|jour|mois|janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)", text)
    assert not re.search(r"niveau \d|[a-zéû] 20\d\d", text)
    assert "'" not in text


@pytest.mark.parametrize(("fact", "role"), EVERY)
def test_html_holds_no_image_no_script_and_says_its_language(fact: Fact, role: Role) -> None:
    html = body(letter(fact, role, where=school()), "html")
    assert '<html lang="fr">' in html
    assert not re.search(r"<(img|script|link|iframe|form)|https?://(?!suite\.example\.org)|\bon\w+=", html)


def test_whoever_the_directory_has_or_lacks_all_that_is_announced_can_be_written() -> None:
    roles = sorted({row.role for told in AUDIENCE.values() for row in told})
    held = [some for count in range(len(roles) + 1) for some in combinations(roles, count)]
    directories = [People([school(), *(actor(role, role) for role in some)]) for some in held]
    announced = {
        (fact, who.role) for people in directories for fact in FACTS for who in people.to_tell_of(fact, UAI, DAY)
    }
    assert {fact.template for fact, _ in announced} == set(MailTemplate)
    assert {kind for fact, _ in announced if (kind := getattr(fact, "kind", ""))} == set(DelayKind)
    for fact, role in announced:
        assert parsed(letter(fact, role, where=school()))
    assert announced == set(EVERY)  # so that each is read by the tests above


def test_html_is_escaped() -> None:
    html = body(letter(where=school(name='Lycée <b>&"C</b>')), "html")
    assert "<b>&" not in html
    assert "Lycée &lt;b&gt;&amp;" in html


@pytest.mark.parametrize(
    "evil",
    [
        "X\r\nBcc: all@example.org",
        "X\nSubject: other",
        "X\u2028Y",
        "X\x00Y",
        "X\u202eY",
        'a" <b@example.org>, "c',
        "=?utf-8?q?x?=",
    ],
)
def test_no_name_can_add_a_header_or_a_recipient(evil: str) -> None:
    message = parsed(letter(where=school(name=evil), name=evil))
    assert set(message.keys()) == set(parsed(letter(where=school())).keys())
    assert len(message.keys()) == len(set(message.keys()))
    assert [address.addr_spec for address in message["To"].addresses] == ["who@example.org"]
    assert "\n" not in message["Subject"]


def test_headers_are_those_of_an_automatic_message_that_threads_by_file() -> None:
    message = parsed(letter(where=school()))
    assert message["Message-ID"] == f"<{MAIL}@perseverance.example.org>"
    assert message["In-Reply-To"] == message["References"] == f"<alert.{ALERT}@perseverance.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert str(message["To"]) == "Zoé Évrard <who@example.org>"
    assert str(message["From"]) == "Persévérance scolaire <perseverance@example.org>"
    assert "Lycée Les Coteaux" in message["Subject"]
    assert "Reply-To" not in message


def test_a_reply_address_is_said_when_there_is_one() -> None:
    identity = Identity("p@example.org", "P", "vie.scolaire@example.org", "example.org", "https://suite.example.org")
    written = letter(where=school(), identity=identity)
    assert parsed(written)["Reply-To"] == "vie.scolaire@example.org"
    assert "vous pouvez y répondre" in body(written, "plain")


def test_the_same_e_mail_has_the_same_bytes_and_its_hash_is_theirs() -> None:
    first, second = letter(where=school()), letter(where=school())
    assert first.content == second.content
    assert first.rendered_hash == sha256(first.content).hexdigest()


def test_every_line_is_short_enough_and_ascii() -> None:
    long = letter(where=school(name="É" * 200), name="ß" * 200)
    assert long.content.isascii()
    assert all(len(line) <= 100 for line in long.content.split(b"\r\n"))
    assert b"\n" not in long.content.replace(b"\r\n", b"")
    assert str(parsed(long)["Subject"]).count("É") == 200


def test_an_unknown_school_is_named_by_its_uai() -> None:
    assert f"établissement {UAI}" in body(letter(where=None), "plain")


def test_e_mails_differ_by_their_id() -> None:
    about = About(ALERT, PUPIL, UAI, Role.CPE, REACHED.template, "who")
    renderer, who = Renderer(IDENTITY), actor("who", Role.CPE)
    ids = {renderer.render(uuid4(), about, REACHED, NOW, who, None).message_id for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(("fact", "role"), EVERY)
def test_all_that_is_said_of_one_file_is_one_thread(fact: Fact, role: Role) -> None:
    kind = {ALERT: "alert", PARCOURS: "parcours", DELAY: "delay"}[about_of(fact)]
    assert parsed(letter(fact, role))["References"] == f"<{kind}.{about_of(fact)}@perseverance.example.org>"
