"""Who is asking, before and after the directory is known."""

from types import SimpleNamespace
from typing import Any

import pytest

from services.projections import tokens
from services.projections.directory import Directory
from services.projections.secrets import Secrets
from services.projections.web.access import DirectoryAway, NotSignedIn, Unknown, visitor_of

SECRET = b"a secret of thirty-two bytes, no less"


def site(*, read: bool) -> Any:
    directory = Directory()
    if read:
        directory.reference._loaded.set()
    return SimpleNamespace(secrets=Secrets(lambda: (SECRET,)), directory=directory)


def token() -> str:
    return tokens.issue(SECRET, "cpe-1")


def test_somebody_the_directory_does_not_hold_is_refused() -> None:
    with pytest.raises(Unknown):
        visitor_of(site(read=True), token())


def test_nobody_is_refused_for_a_directory_that_was_not_read_yet() -> None:
    with pytest.raises(DirectoryAway):
        visitor_of(site(read=False), token())


def test_without_a_token_it_makes_no_difference() -> None:
    with pytest.raises(NotSignedIn):
        visitor_of(site(read=False), None)
