"""Who may send events, and for which schools. Of a key only the hash is kept."""

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.database import Transaction

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Sender:
    """A school system. `uais` None: it may speak for every school."""

    name: str
    uais: frozenset[str] | None = None
    revoked_at: datetime | None = None

    def speaks_for(self, uai: str) -> bool:
        """Whether it may report facts about pupils of this school."""
        return self.uais is None or uai in self.uais


class SenderNameError(ValueError):
    """The name cannot be a token of a NATS subject, or is taken."""


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a sender, hence a token of a NATS subject."""
    return _NAME.fullmatch(text) is not None


def add(tx: Transaction, name: str, uais: Collection[str] | None) -> str:
    """Register a sender and return its API key, which cannot be read again. Raises SenderNameError.

    The name of a revoked sender is free again.
    """
    if not is_name(name):
        raise SenderNameError("a sender's name is made of lower-case letters, digits, - and _, 63 at most")
    key = f"psv_{secrets.token_urlsafe(32)}"
    tx.execute(
        "INSERT INTO senders AS known (name, key_hash, uais) VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET key_hash = excluded.key_hash, uais = excluded.uais,"
        " created_at = now(), revoked_at = NULL WHERE known.revoked_at IS NOT NULL",
        (name, _hash(key), None if uais is None else sorted(uais)),
    )
    if not tx.rowcount:
        raise SenderNameError("this sender exists already: revoke it first")
    return key


def revoke(tx: Transaction, name: str) -> bool:
    """Refuse this sender from now on; False when there is none of this name."""
    tx.execute("UPDATE senders SET revoked_at = now() WHERE name = %s AND revoked_at IS NULL", (name,))
    return tx.rowcount == 1


def by_key(tx: Transaction, key: str) -> Sender | None:
    """The sender whose key this is; it may have been revoked."""
    tx.execute("SELECT name, uais, revoked_at FROM senders WHERE key_hash = %s", (_hash(key),), prepare=True)
    row = tx.fetchone()
    return Sender(row[0], _set(row[1]), row[2]) if row else None


def by_name(tx: Transaction, names: Collection[str]) -> dict[str, Sender]:
    """The senders of these names that were not revoked."""
    tx.execute("SELECT name, uais FROM senders WHERE name = ANY(%s) AND revoked_at IS NULL", (list(names),))
    return {name: Sender(name, _set(uais)) for name, uais in tx.fetchall()}


def every(tx: Transaction) -> Sequence[Sender]:
    """All of them, by name, revoked ones too."""
    tx.execute("SELECT name, uais, revoked_at FROM senders ORDER BY name")
    return [Sender(name, _set(uais), revoked_at) for name, uais, revoked_at in tx.fetchall()]


def _set(uais: list[str] | None) -> frozenset[str] | None:
    return None if uais is None else frozenset(uais)


def _hash(key: str) -> bytes:
    # A key is 256 random bits: a slow hash would protect nothing more.
    return hashlib.sha256(key.encode()).digest()
