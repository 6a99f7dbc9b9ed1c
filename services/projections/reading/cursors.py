"""Page cursors: opaque to whoever holds one, signed, and good for one person and one question only."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from services.projections.secrets import Secrets


class BadCursor(Exception):
    """Not a cursor we gave for this question."""


class Cursors:
    """Makes and reads cursors with keys of their own, derived from `secrets`."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def make(self, instant: datetime, row_id: UUID, question: Mapping[str, object]) -> str:
        """A cursor after the row (`instant`, `row_id`) of the list that `question` asks for."""
        return self.seal((instant.isoformat(), str(row_id)), question)

    def read(self, cursor: str, question: Mapping[str, object]) -> tuple[datetime, UUID]:
        """The place in `cursor`. Raises BadCursor."""
        instant, row_id = self.open(cursor, question)
        return datetime.fromisoformat(instant), UUID(row_id)

    def seal(self, place: Sequence[str], question: Mapping[str, object]) -> str:
        """A cursor after the row at `place`, which whoever holds it can read: no name, for it stands in addresses."""
        told = json.dumps(list(place)).encode()
        return base64.urlsafe_b64encode(_sign(self._secrets.signing(), told, question) + told).rstrip(b"=").decode()

    def open(self, cursor: str, question: Mapping[str, object]) -> list[str]:
        """The place that was sealed for this question. Raises BadCursor."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (UnicodeEncodeError, binascii.Error):
            raise BadCursor from None
        signature, told = raw[:16], raw[16:]
        made = (_sign(secret, told, question) for secret in self._secrets.all())
        if not any(hmac.compare_digest(signature, each) for each in made):
            raise BadCursor
        place: list[str] = json.loads(told)
        return place


def _sign(secret: bytes, place: bytes, question: Mapping[str, object]) -> bytes:
    key = hmac.digest(secret, b"page cursors", "sha256")
    asked = json.dumps(question, sort_keys=True, default=str).encode()
    return hmac.new(key, sha256(asked).digest() + place, sha256).digest()[:16]
