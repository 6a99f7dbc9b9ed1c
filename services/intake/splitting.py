"""JSON taken apart strictly: what cannot be read is said with its place, and spoils only the event it is in.

No parser at hand is strict enough alone: msgspec lets invalid UTF-8 through where it does not look, pydantic
lets NaN through. Both have read whatever leaves this module and `reading`.
"""

import re
from collections.abc import Iterator

import msgspec
from pydantic_core import from_json

from services.intake.codes import Code
from services.intake.verdicts import Refusal

GRAMMAR = frozenset({Code.NOT_JSON, Code.NOT_FINITE, Code.BAD_TEXT, Code.TOO_DEEP})
"""What says that something is not JSON at all."""

_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_PLACE = re.compile(r"line (\d+) column (\d+)")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},]', re.DOTALL)
_BLANK = b" \t\r\n"
_CAREFUL_LIMIT = 1_000_000  # bytes: a token costs a microsecond, and a body may be nothing but brackets


class UnreadableError(Exception):
    """The body as a whole cannot be read: `said` tells why, in a sentence."""

    def __init__(self, refusal: Refusal, said: str = "") -> None:
        self.refusal = refusal
        self.said = said or f"the body {refusal.reason}"
        super().__init__(self.said)


def check(raw: bytes) -> Refusal | None:
    """Why `raw` is not one JSON value; None when it is."""
    try:
        _RAW.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return diagnosis(raw)
    return None


def split(body: bytes) -> list[bytes | Refusal]:
    """The elements of a JSON array; one that cannot be read is its refusal.

    Raises UnreadableError when the body is not an array, or its brackets or quotes do not match.
    """
    try:
        return [bytes(element) for element in _RAW_LIST.decode(body)]
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return list(_split_carefully(body))


def is_array(body: bytes) -> bool:
    """Whether `body` starts as a JSON array does."""
    return body.lstrip(_BLANK)[:1] == b"["


def diagnosis(raw: bytes) -> Refusal:
    """What is wrong with `raw`, and where."""
    try:
        from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        return explain(str(error), raw)
    return Refusal("", Code.NOT_JSON)


def explain(message: str, raw: bytes) -> Refusal:
    """The refusal behind a message of the JSON parser, which holds a place and no value."""
    place = _PLACE.search(message)
    at = place[0] if place else ""
    if "recursion limit" in message:
        return Refusal("", Code.TOO_DEEP, at)
    if any(words in message for words in ("surrogate", "hex escape", "unicode code point")):
        return Refusal("", Code.BAD_TEXT, at)
    if place and _from(raw, int(place[1]), int(place[2])).startswith((b"NaN", b"Inf", b"-Inf")):
        return Refusal("", Code.NOT_FINITE, at)
    return Refusal("", Code.NOT_JSON, at)


def _from(raw: bytes, line: int, column: int) -> bytes:
    """A few bytes of `raw` around a place: parsers do not agree on whether columns start at 0 or 1."""
    lines = raw.split(b"\n", line)
    start = max(column - 2, 0)
    return lines[line - 1][start : start + 5].lstrip(b" :,[")[:4] if line <= len(lines) else b""


def _split_carefully(body: bytes) -> Iterator[bytes | Refusal]:
    """The elements of an array of which some are not JSON: brackets and quotes are enough to part them."""
    if not is_array(body):
        if refusal := check(body):
            raise UnreadableError(refusal)
        raise UnreadableError(Refusal("", Code.NOT_JSON), "the body is JSON, but a batch is an array of events")
    if len(body) > _CAREFUL_LIMIT:
        raise UnreadableError(diagnosis(body))
    start = body.index(b"[") + 1
    end = 0
    elements = []
    for at, closes in _commas_and_end(body):
        elements.append(body[start:at].strip(_BLANK))
        start = at + 1
        end = at if closes else 0
    if not end or body[end + 1 :].strip(_BLANK):
        raise UnreadableError(diagnosis(body))
    for element in elements:
        yield check(element) or element


def _commas_and_end(body: bytes) -> Iterator[tuple[int, bool]]:
    """Where the commas of the outer array are, and the bracket that closes it."""
    depth = 0
    for token in _TOKEN.finditer(body):
        mark = token[0]
        if mark in b"[{":
            depth += 1
        elif mark in b"]}":
            depth -= 1
            if depth == 0:
                yield token.start(), True
                return
        elif mark == b"," and depth == 1:
            yield token.start(), False
