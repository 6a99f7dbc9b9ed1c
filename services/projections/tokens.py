"""Bearer tokens of development identities; sign-in through the institution will make the same claims."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

_ALGORITHM = "HS256"
_ISSUER = "perseverance"
_AUDIENCE = "perseverance-pages"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "jti"]
LIFETIME = timedelta(hours=12)
_CLOCKS_DIFFER = timedelta(minutes=6)  # between the machine that issues and the one that reads


class BadToken(Exception):
    """Not a token of ours, or no longer valid."""


def issue(secret: bytes, actor_id: str, lifetime: timedelta = LIFETIME) -> str:
    """A token that says its bearer is `actor_id`, on the machine's own clock."""
    now = datetime.now(UTC)
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": actor_id,
        "iat": now,
        "exp": now + lifetime,
        "jti": uuid4().hex,
    }
    return jwt.encode(claims, secret, _ALGORITHM)


def verify(secrets: Iterable[bytes], token: str) -> tuple[dict[str, Any], bytes]:
    """The claims of a valid token, and which of the secrets signed it. Raises BadToken."""
    for secret in secrets:
        try:
            return _claims(secret, token), secret
        except BadToken:
            continue
    raise BadToken


def _claims(secret: bytes, token: str) -> dict[str, Any]:
    """Trap: PyJWT takes a token without an end unless told that `exp` is required."""
    try:
        claims = jwt.decode(
            token,
            secret,
            [_ALGORITHM],
            issuer=_ISSUER,
            audience=_AUDIENCE,
            leeway=_CLOCKS_DIFFER,
            options={"require": _REQUIRED},
        )
    except jwt.PyJWTError:
        raise BadToken from None
    if not isinstance(claims["sub"], str):
        raise BadToken
    return claims
