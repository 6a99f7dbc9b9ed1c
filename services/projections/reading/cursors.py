"""Page cursors: opaque to whoever holds one, signed, and good for one person and one question only."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID


class BadCursor(Exception):
    """Not a cursor we gave for this question."""


class Cursors:
    """Makes and reads cursors with a key of their own, derived from `secret`."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"page cursors", "sha256")

    def make(self, instant: datetime, row_id: UUID, question: Mapping[str, object]) -> str:
        """A cursor after the row (`instant`, `row_id`) of the list that `question` asks for."""
        place = json.dumps([instant.isoformat(), str(row_id)]).encode()
        return base64.urlsafe_b64encode(self._sign(place, question) + place).rstrip(b"=").decode()

    def read(self, cursor: str, question: Mapping[str, object]) -> tuple[datetime, UUID]:
        """The place in `cursor`. Raises BadCursor."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (UnicodeEncodeError, binascii.Error):
            raise BadCursor from None
        signature, place = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, self._sign(place, question)):
            raise BadCursor
        instant, row_id = json.loads(place)
        return datetime.fromisoformat(instant), UUID(row_id)

    def _sign(self, place: bytes, question: Mapping[str, object]) -> bytes:
        asked = json.dumps(question, sort_keys=True, default=str).encode()
        return hmac.new(self._key, sha256(asked).digest() + place, sha256).digest()[:16]
