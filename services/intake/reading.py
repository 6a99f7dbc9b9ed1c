"""From bytes to a draft: the envelope and the data of an event, checked against the contracts, strictly."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Discriminator, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import from_json

from chassis.tracing import elsewhere
from contracts.catalogue import INCOMING
from contracts.incoming import EnrolStudent, Incoming
from services.intake import opaque, splitting
from services.intake.codes import Code
from services.intake.drafts import Draft
from services.intake.verdicts import Refusal

Read = Draft | Refusal

_DATES = frozenset({"date", "on", "since", "birth_date"})
_TYPES = frozenset(contract.TYPE for contract in INCOMING)
_FAMILIES = frozenset(name.rpartition(".v")[0] for name in _TYPES)
_FIELDS = frozenset(name for contract in INCOMING for name in contract.model_fields)
_ENVELOPE = frozenset({"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "data"})
_KINDS = {
    "enum": Code.BAD_VALUE,
    "literal_error": Code.BAD_VALUE,
    "string_too_long": Code.TOO_LONG,
    "string_too_short": Code.EMPTY,
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# pydantic takes "1759708800" for a date or a time; a school system that sends that is mistaken.
_DIGITS_FOR_A_DATE = re.compile(rb':\s*"(?!1\.0")[-+]?[0-9.]+"')  # but for specversion
_NUMBER = re.compile(r"[-+]?[0-9.]+")
_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.-]+\+)?json(?:\s*;.*)?", re.IGNORECASE)
_EARLIEST_YEAR = 2000
_LONGEST_EVENT = 65_536  # bytes, as CloudEvents asks intermediaries to let through
_VERSIONED = re.compile(r"(.+)\.v[0-9]+")


class _Event(BaseModel):
    """The CloudEvents attributes that matter here; other extensions than `traceparent` are let through and dropped."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: str
    source: str
    time: datetime | None = None
    datacontenttype: str | None = None
    traceparent: Any = Field(None, description="What the sender traced: W3C Trace Context, version 00, else ignored")
    data: Incoming


def _event_of(contract: type[Incoming]) -> Any:
    kind: Any = Literal[contract.TYPE]
    return create_model(f"{contract.__name__}Event", __base__=_Event, type=(kind, ...), data=(contract, ...))


_ANY_EVENT: Any = Union[tuple(_event_of(contract) for contract in INCOMING)]  # noqa: UP007  (made from the catalogue)
_EVENTS: TypeAdapter[_Event] = TypeAdapter(Annotated[_ANY_EVENT, Discriminator("type")])


def schema(ref_template: str) -> dict[str, Any]:
    """The JSON Schema of any event this door takes."""
    return _EVENTS.json_schema(ref_template=ref_template)


def read_one(raw: bytes) -> Read:
    """The draft in one JSON event, or why it is refused."""
    return splitting.check(raw) or _read(raw)


def read_many(body: bytes) -> list[Read]:
    """The drafts in a JSON array of events. Raises UnreadableError when it is not one."""
    return [part if isinstance(part, Refusal) else _read(part) for part in splitting.split(body)]


def _read(raw: bytes) -> Read:
    """The draft in `raw`, whose grammar is already checked."""
    if len(raw) > _LONGEST_EVENT:
        return Refusal("", Code.TOO_LONG)
    try:
        event = _EVENTS.validate_json(raw, strict=True)
    except ValidationError as error:
        return _refused(raw, error)
    objection = _objection(raw, event)
    time = event.time
    if objection is None and time is not None:
        if time.tzinfo is None:
            objection = Refusal("time", Code.TIME_WITHOUT_OFFSET)
        else:
            moment = in_utc(time)
            time, objection = (None, Refusal("time", moment)) if isinstance(moment, Code) else (moment, None)
    if objection is not None:
        return _known_by(objection, event.id, event.source, from_json(raw)["data"])
    return Draft(event.id, event.source, time, event.data, elsewhere(event.traceparent))


def in_utc(time: datetime) -> datetime | Code:
    """The same moment in UTC, or why no school can mean it."""
    if time.year <= _EARLIEST_YEAR:
        return Code.BAD_TIME
    try:
        return time.astimezone(UTC)
    except OverflowError:  # behind Greenwich, the last hours of 9999 are in a year that does not exist
        return Code.TIME_IN_FUTURE


def _objection(raw: bytes, event: _Event) -> Refusal | None:
    """What the contracts let through and the house does not."""
    if b"\\u0000" in raw and (path := _path_of_nul(from_json(raw))) is not None:
        return Refusal(path, Code.NUL)
    if _DIGITS_FOR_A_DATE.search(raw) and (found := _number_as_date(from_json(raw))):
        return found
    if event.datacontenttype is not None and not _JSON_TYPE.fullmatch(event.datacontenttype):
        return Refusal("datacontenttype", Code.BAD_CONTENT_TYPE)
    if not opaque.well_formed(event.id):
        return Refusal("id", Code.BAD_IDENTIFIER)
    if not opaque.well_formed(event.source):
        return Refusal("source", Code.BAD_IDENTIFIER)
    return unprintable(event.data)


def unprintable(data: Incoming) -> Refusal | None:
    """The field that holds a control character. Only enrolments have fields written freely."""
    if isinstance(data, EnrolStudent):
        for field, value in data:
            if isinstance(value, str) and _CONTROL.search(value):
                return Refusal(f"data.{field}", Code.CONTROL_CHARACTER)
    return None


def _number_as_date(event: Mapping[str, Any]) -> Refusal | None:
    """A date or time given as digits alone."""
    data = event["data"]
    for field in _DATES & data.keys():
        if isinstance(data[field], str) and _NUMBER.fullmatch(data[field]):
            return Refusal(f"data.{field}", Code.BAD_DATE)
    time = event.get("time")
    return Refusal("time", Code.BAD_TIME) if isinstance(time, str) and _NUMBER.fullmatch(time) else None


def _path_of_nul(value: Any, path: str = "") -> str | None:
    """Where a NUL is in `value`, which is at most 200 deep; names outside the contracts are not quoted."""
    if isinstance(value, str):
        return path if "\0" in value else None
    if isinstance(value, Mapping):
        for key, inner in value.items():
            below = ".".join(filter(None, (path, key if key in _FIELDS or key in _ENVELOPE else "")))
            found = below if "\0" in key else _path_of_nul(inner, below)
            if found is not None:
                return found
    if isinstance(value, list):
        return next((found for item in value if (found := _path_of_nul(item, path)) is not None), None)
    return None


def _refused(raw: bytes, error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return splitting.explain(str(first["ctx"]["error"]), raw)
    event = from_json(raw)
    if not isinstance(event, dict):
        return Refusal("", Code.NOT_AN_OBJECT)
    refusal = (
        _wrong_type(event)
        if first["type"].startswith("union_tag")
        else _from_details(first["loc"][1:], first["type"], first["msg"])
    )
    return _known_by(refusal, event.get("id"), event.get("source"), event.get("data"))


def refusal_of(error: ValidationError) -> Refusal:
    """The refusal for data that is no `Incoming`, built in Python rather than read from JSON."""
    details = error.errors(include_url=False, include_input=False)[0]
    return _from_details(details["loc"], details["type"], details["msg"])


def _wrong_type(event: Mapping[str, Any]) -> Refusal:
    """The event names no contract of ours."""
    name = event.get("type")
    if "type" not in event:
        # An old envelope is more likely than a forgotten type.
        return Refusal("specversion" if "specversion" not in event else "type", Code.MISSING)
    if not isinstance(name, str):
        return Refusal("type", Code.WRONG_TYPE)
    versioned = _VERSIONED.fullmatch(name)
    known = versioned is not None and versioned[1] in _FAMILIES
    return Refusal("type", Code.UNKNOWN_VERSION if known else Code.UNKNOWN_TYPE)


def _from_details(place: tuple[int | str, ...], kind: str, message: str) -> Refusal:
    """The refusal for an error of pydantic, of which only what cannot hold a value is looked at."""
    path = [str(part) for part in place]
    name = path[-1]
    if kind == "extra_forbidden":
        # Its name came with the event and may be anything: only the one it resembles is quoted.
        meant = get_close_matches(name, _FIELDS, 1)
        return Refusal("data", Code.UNKNOWN_FIELD, f"did you mean {meant[0]}?" if meant else "")
    field = ".".join(path)
    if kind == "missing":
        return Refusal(field, Code.MISSING)
    if kind == "value_error":
        letter = "check letter" in message
        bad_uai = Code.UAI_CHECK_LETTER if letter else Code.BAD_UAI
        return Refusal(field, Code.BAD_INE if name == "ine" else bad_uai)
    if name in _DATES and kind != "date_type":
        return Refusal(field, Code.BAD_DATE)
    if name == "time" and kind != "datetime_type":
        return Refusal(field, Code.BAD_TIME)
    if name == "specversion":
        return Refusal(field, Code.BAD_SPECVERSION)
    return Refusal(field, _KINDS.get(kind, Code.WRONG_TYPE))


def _known_by(refusal: Refusal, event_id: object, source: object, data: object) -> Refusal:
    """The refusal with the event's own names, if they can be quoted."""
    return replace(refusal, id=opaque.harmless(event_id, data), source=opaque.harmless(source, data))
