"""The ways CloudEvents come by HTTP: one structured event, a batch, either as plain JSON, or one in `ce-` headers."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from contracts.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE
from services.intake import splitting
from services.intake.problems import Problem
from services.intake.reading import Read, read_many, read_one
from services.intake.splitting import UnreadableError
from services.intake.verdicts import Refusal


class Posted(NamedTuple):
    """The events of a body, as far as they can be read; `single`: it is one event by itself, and not a batch."""

    events: Sequence[Read]
    single: bool


Reading = Callable[[bytes], Posted]

_JSON = "application/json"
_UTF8 = re.compile(r'charset="?utf-?8"?', re.IGNORECASE)
_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "traceparent")


def reading_for(headers: Mapping[str, str]) -> Reading:
    """How to read the body these headers announce. Raises Problem 415."""
    media, _, parameters = (part.strip() for part in headers.get("content-type", "").partition(";"))
    if parameters and not _UTF8.fullmatch(parameters):
        raise _unsupported()
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise _unsupported()
    match media.lower():
        case "application/cloudevents+json":
            return _single
        case "application/cloudevents-batch+json":
            return _batch
        case "application/json" if "ce-specversion" in headers or "ce-type" in headers:
            return lambda body: Posted([read_one(_structured(headers, body))], single=True)
        case "application/json":  # whoever does not know these media types; what the body is shows
            return lambda body: _batch(body) if body.lstrip()[:1] == b"[" else _single(body)
        case _:
            raise _unsupported()


def _single(body: bytes) -> Posted:
    return Posted([_whole(read_one(body))], single=True)


def _batch(body: bytes) -> Posted:
    try:
        return Posted(read_many(body), single=False)
    except UnreadableError as error:
        raise _malformed(error) from None


def _structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """The structured form of an event in binary mode. Raises Problem 400 when the body is not JSON."""
    # Checked before it is put in its place: it must not be able to close the object around it.
    refusal = splitting.check(body)
    if refusal is not None:
        raise _malformed(UnreadableError(refusal))
    attributes = {name: unquote(headers[f"ce-{name}"]) for name in _ATTRIBUTES if f"ce-{name}" in headers}
    start = json.dumps(attributes)[:-1]
    return f'{start}{", " if attributes else ""}"data": '.encode() + body + b"}"


def _whole(event: Read) -> Read:
    """One event that is not JSON at all is a malformed request, not a refused event."""
    if isinstance(event, Refusal) and event.code in splitting.GRAMMAR:
        raise _malformed(UnreadableError(event))
    return event


def _malformed(error: UnreadableError) -> Problem:
    return Problem(400, error.refusal.code, error.said)


def _unsupported() -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        f"send {CONTENT_TYPE}, {BATCH_CONTENT_TYPE} or {_JSON}, in UTF-8 and uncompressed",
        {"Accept-Post": f"{CONTENT_TYPE}, {BATCH_CONTENT_TYPE}, {_JSON}"},
    )
