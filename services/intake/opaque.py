"""Whether an event's id and source say nothing about the pupil: they are kept for ever, the identity is not."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from services.intake.ordinary_words import ORDINARY_WORDS

_FORM = re.compile(r"(?=.{1,128}\Z)/?[A-Za-z0-9][A-Za-z0-9._:/@~+=#-]*")  # as contracts.incoming.Opaque says it
_WORDS = re.compile(r"[^a-z0-9]+")
_ANY_INE = re.compile(r"(?<![A-Z0-9])(?:[0-9]{9}[A-Z]{2}|[0-9]{10}[A-Z]|[0-9]{4}A[0-9]{5}[A-Z])(?![A-Z0-9])")
_SHORTEST_NAME = 3
_SHORTEST_NAME_BESIDE = 2
_SHORTEST_GLUED_NAME = 6
_HARMLESS = frozenset({"uai", "date", "on", "since", "period", "category", "status", "justified", "mef"})


def well_formed(text: str) -> bool:
    """Whether `text` may be an id or a source at all."""
    return _FORM.fullmatch(text) is not None


def holds_an_ine(text: str) -> bool:
    """Whether something in `text` looks like an INE, whoever's: a pupil had others before the one we know."""
    return _ANY_INE.search(text.upper()) is not None


def names_pupil(text: str, ine: str, names: tuple[str | None, ...], school: str = "") -> bool:
    """Whether `text` holds the pupil's INE or one of the names, whole.

    A name that is also in the name of the school is let through: pupils called Martin go to
    Saint-Martin, whose ids may say so. So is one made of words that ids are made of anyway, as Mars
    or Matin, unless another of the names stands beside it.
    """
    lowered = text.lower()
    if ine and ine.lower() in lowered:
        return True
    if not any(names):
        return False
    words = frozenset(_WORDS.split(lowered))
    its = [name for name in names if name and not _words(name) <= _words(school)]
    held = [name for name in its if _holds(words, name)]
    if not all(_words(name) <= ORDINARY_WORDS for name in held):
        return True
    return any(_stands_beside(name, held, words) for name in its)


def _holds(words: frozenset[str], name: str) -> bool:
    glued = _glued(name)
    if len(glued) < _SHORTEST_NAME:
        return False
    if _words(name) <= words or glued in words:
        return True
    return len(glued) >= _SHORTEST_GLUED_NAME and any(glued in word for word in words - ORDINARY_WORDS)


def _stands_beside(name: str, held: Sequence[str], words: frozenset[str]) -> bool:
    """Whether `name` is in `words` too, and is not what is `held` written in another way. A short one counts here."""
    long_enough = len(_glued(name)) >= _SHORTEST_NAME_BESIDE
    return long_enough and _words(name) <= words and any(_words(name) != _words(other) for other in held)


def _glued(name: str) -> str:
    return "".join(_WORDS.split(_folded(name)))


@lru_cache(4096)
def _folded(text: str) -> str:
    """Without accents, in lower case."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


@lru_cache(4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.split(_folded(text))) - {""}


def harmless(text: object, data: object) -> str | None:
    """`text` if it can be quoted back although the event was refused, else None.

    Nothing in a refused event can be trusted to be in its place, so whatever looks like an INE, or
    is also a value in `data`, is held back.
    """
    if not isinstance(text, str) or not well_formed(text) or holds_an_ine(text):
        return None
    values = data if isinstance(data, Mapping) else {}
    telling = tuple(value for name, value in values.items() if name not in _HARMLESS and isinstance(value, str))
    return None if names_pupil(text, "", telling) else text
