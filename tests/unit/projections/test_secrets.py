"""The secret of sessions, tokens, forms, cursors and searches is replaced in its file, while people are signed in."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from contracts.directory import Actor, Role
from services.projections import tokens
from services.projections.reading.cursors import BadCursor, Cursors
from services.projections.secrets import Secrets
from services.projections.settings import ProjectionsSettings
from services.projections.web.access import still_signed_in, visitor_of
from services.projections.web.searches import Searches

FORMER, NEW = "a former secret of thirty-two bytes", "the new secret, of thirty-two bytes"
PLACE = (datetime(2025, 10, 10, 8, 5, tzinfo=UTC), UUID(int=7))
TOO_LATE = "nothing"


class Rotation:
    """A file of secrets, and a clock that is always ahead of the next look at it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.hold(FORMER)
        settings = ProjectionsSettings(nats_url="nats://none", database_url="", token_secret_file=file)
        self._now = 0.0
        self.secrets = Secrets(settings.token_secrets, monotonic=self._later)

    def _later(self) -> float:
        self._now += 3600
        return self._now

    def hold(self, *lines: str) -> None:
        self.file.write_text("\n".join(lines) + "\n")


@pytest.fixture
def rotation(tmp_path: Path) -> Rotation:
    return Rotation(tmp_path / "token.secret")


def session(secrets: Secrets) -> Callable[[], object]:
    token = tokens.issue(secrets.signing(), "cpe-1")

    def bearer() -> object:
        try:
            return tokens.verify(secrets.all(), token)[0]["sub"]
        except tokens.BadToken:
            return TOO_LATE

    return bearer


def cursor(secrets: Secrets) -> Callable[[], object]:
    cursors = Cursors(secrets)
    made = cursors.make(*PLACE, {})

    def place() -> object:
        try:
            return cursors.read(made, {})
        except BadCursor:
            return TOO_LATE

    return place


def search(secrets: Secrets) -> Callable[[], object]:
    searches = Searches(secrets)
    sealed = searches.seal("Éloïse")
    return lambda: searches.read(sealed) or TOO_LATE


@pytest.mark.parametrize("given", [session, cursor, search])
def test_what_was_given_is_good_for_as_long_as_its_secret_is_a_line(
    rotation: Rotation, given: Callable[[Secrets], Callable[[], object]]
) -> None:
    read = given(rotation.secrets)
    good = read()
    assert good != TOO_LATE
    for lines in ((FORMER, NEW), (NEW, FORMER)):
        rotation.hold(*lines)
        assert read() == good
    rotation.hold(NEW)
    assert read() == TOO_LATE


@pytest.mark.parametrize("given", [session, cursor, search])
def test_the_first_line_signs(rotation: Rotation, given: Callable[[Secrets], Callable[[], object]]) -> None:
    rotation.hold(NEW, FORMER)
    read = given(rotation.secrets)
    rotation.hold(NEW)
    assert read() != TOO_LATE


def test_a_form_that_was_open_when_the_secret_changed_can_be_sent(rotation: Rotation) -> None:
    someone = Actor(id="cpe-1", name="C", email="c@example.org", role=Role.CPE, territory="0310001A")
    directory = SimpleNamespace(actor=lambda _: someone, schools=lambda: (), loaded=True)
    clock = SimpleNamespace(now=lambda: datetime(2025, 10, 10, tzinfo=UTC))
    site: Any = SimpleNamespace(secrets=rotation.secrets, directory=directory, clock=clock)
    token = tokens.issue(rotation.secrets.signing(), "cpe-1")
    opened = visitor_of(site, token).csrf
    rotation.hold(NEW, FORMER)
    assert visitor_of(site, token).csrf == opened


def test_a_page_that_stays_open_hears_no_more_once_its_secret_is_gone(rotation: Rotation) -> None:
    cookies = {"perseverance_session": tokens.issue(rotation.secrets.signing(), "cpe-1")}
    site, request = (
        cast("Any", SimpleNamespace(secrets=rotation.secrets)),
        cast("Any", SimpleNamespace(cookies=cookies)),
    )
    assert still_signed_in(site, request)
    rotation.hold(NEW, FORMER)
    assert still_signed_in(site, request)
    rotation.hold(NEW)
    assert not still_signed_in(site, request)


@pytest.mark.parametrize("content", [None, "", "too short", f"{NEW}\ntoo short"])
def test_a_file_that_cannot_be_used_ends_no_session_and_is_said_once(
    rotation: Rotation, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    read = session(rotation.secrets)
    rotation.file.unlink()
    if content is not None:
        rotation.file.write_text(content)
    assert {read() for _ in range(3)} == {"cpe-1"}
    (said,) = [each.__dict__["fields"]["what"] for each in caplog.records if each.msg == "secrets.unread"]
    assert "PERSEVERANCE_TOKEN_SECRET_FILE" in said
    assert not any(secret in caplog.text for secret in (FORMER, NEW, "too short"))
    rotation.hold(NEW)
    assert read() == TOO_LATE


def test_the_file_is_not_read_at_each_request() -> None:
    reads = []

    def read() -> tuple[bytes, ...]:
        reads.append(1)
        return (FORMER.encode(),)

    secrets = Secrets(read, monotonic=lambda: 0.0)
    for _ in range(10):
        secrets.all()
    assert len(reads) == 1
