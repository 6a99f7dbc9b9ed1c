import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.projections import tokens
from services.projections.reading.cursors import BadCursor, Cursors
from services.projections.secrets import Secrets

SECRET = b"0123456789abcdef0123456789abcdef"
OTHER = b"fedcba9876543210fedcba9876543210"
CURSORS = Cursors(Secrets(lambda: (SECRET,)))
PLACE = (datetime(2025, 10, 10, 8, 5, 0, 123, tzinfo=UTC), UUID(int=7))
CLAIMS = {"iss": "perseverance", "aud": "perseverance-pages", "sub": "chef", "jti": "1"}
SOON = datetime.now(UTC) + timedelta(hours=1)


def test_a_token_says_whom_it_stands_for() -> None:
    assert tokens.verify([SECRET], tokens.issue(SECRET, "chef-1"))[0]["sub"] == "chef-1"


def forged(claims: dict[str, object], secret: bytes = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret if algorithm != "none" else "", algorithm)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        tokens.issue(OTHER, "chef-1"),
        tokens.issue(SECRET, "chef-1", timedelta(minutes=-7)),
        forged({**CLAIMS, "iat": SOON - timedelta(hours=2)}),  # never ends
        forged({**CLAIMS, "iat": datetime.now(UTC), "exp": SOON}, algorithm="none"),
        forged({**CLAIMS, "iat": datetime.now(UTC), "exp": SOON, "aud": "somewhere else"}),
        forged({**CLAIMS, "iat": datetime.now(UTC), "exp": SOON, "iss": "somebody else"}),
        forged({"iss": CLAIMS["iss"], "aud": CLAIMS["aud"], "iat": datetime.now(UTC), "exp": SOON, "jti": "1"}),
    ],
)
def test_what_is_not_a_valid_token_of_ours_is_refused(token: str) -> None:
    with pytest.raises(tokens.BadToken):
        tokens.verify([SECRET], token)


def test_a_cursor_leads_back_to_its_place() -> None:
    assert CURSORS.read(CURSORS.make(*PLACE, {"level": 1}), {"level": 1}) == PLACE


def test_a_cursor_is_good_for_its_own_question_and_secret_only() -> None:
    cursor = CURSORS.make(*PLACE, {"level": 1})
    for other, question in ((CURSORS, {"level": 2}), (Cursors(Secrets(lambda: (OTHER,))), {"level": 1})):
        with pytest.raises(BadCursor):
            other.read(cursor, question)


@given(st.text())
def test_anything_else_is_not_a_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        CURSORS.read(text, {})


def test_a_place_that_was_tampered_with_is_refused() -> None:
    raw = base64.urlsafe_b64decode(CURSORS.make(*PLACE, {}) + "==")
    moved = json.dumps([PLACE[0].isoformat(), str(uuid4())]).encode()
    with pytest.raises(BadCursor):
        CURSORS.read(base64.urlsafe_b64encode(raw[:16] + moved).decode().rstrip("="), {})
