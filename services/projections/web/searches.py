"""What somebody looks for, as it stands in the address of the list it leads to: under seal.

Addresses are kept by browsers, proxies and logs, and what is looked for is a pupil's name or INE.
"""

import base64
import binascii
import hmac

import nacl.exceptions
from nacl.secret import SecretBox

FIELD = "recherche"
_LONGEST = 100


class Searches:
    """Seals and opens with a key of its own, derived from `secret`."""

    def __init__(self, secret: bytes) -> None:
        self._box = SecretBox(hmac.digest(secret, b"searches in addresses", "sha256"))

    def seal(self, text: str) -> str:
        """A word for an address, another one each time; empty for an empty text."""
        return base64.urlsafe_b64encode(self._box.encrypt(text.encode())).rstrip(b"=").decode() if text else ""

    def read(self, sealed: str) -> str:
        """What was sealed; empty for what we did not seal."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
            return self._box.decrypt(raw).decode()
        except (UnicodeEncodeError, binascii.Error, ValueError, nacl.exceptions.CryptoError):
            return ""


def printable(text: str) -> str:
    """Short, and without what cannot be seen."""
    return "".join(c for c in text.strip()[:_LONGEST] if c.isprintable())
