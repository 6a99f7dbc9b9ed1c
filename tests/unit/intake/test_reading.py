"""What is wrong with an event is said with its field and its kind, never with its value."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.incoming import ReportAbsence, StrikeOffStudent
from services.intake.codes import Code
from services.intake.drafts import Draft
from services.intake.reading import read_many, read_one
from services.intake.splitting import UnreadableError
from services.intake.verdicts import Refusal
from tests.unit.intake.given import INE, UAI, absence, as_bytes, enrolment, event

CANARY = "ZZCANARIZZ"


def test_an_absence_becomes_a_draft_in_utc():
    draft = read_one(as_bytes(event()))
    assert isinstance(draft, Draft)
    assert (draft.id, draft.source) == ("vs-0001", "vie-scolaire/0310000G")
    assert draft.time == datetime(2025, 10, 6, 7, 0, tzinfo=UTC)
    assert isinstance(draft.data, ReportAbsence)


def test_the_time_may_be_left_out():
    draft = read_one(as_bytes(event(drop=("time",))))
    assert isinstance(draft, Draft)
    assert draft.time is None


def test_extension_attributes_are_let_through():
    assert isinstance(read_one(as_bytes(event(traceparent="00-ab", dataschema="x", subject="y"))), Draft)


WRONG: list[tuple[str, Any, str, Code]] = [
    ("not an object", [], "", Code.NOT_AN_OBJECT),
    ("a number", 3, "", Code.NOT_AN_OBJECT),
    ("no specversion", event(drop=("specversion",)), "specversion", Code.MISSING),
    ("another specversion", event(specversion="0.3"), "specversion", Code.BAD_SPECVERSION),
    ("no type", event(drop=("type",)), "type", Code.MISSING),
    ("a type that is no text", event(type=3), "type", Code.WRONG_TYPE),
    ("unknown type", event(type="fr.perseverance.intake.absence_imagined.v1"), "type", Code.UNKNOWN_TYPE),
    ("unknown version", event(type="fr.perseverance.intake.absence_reported.v9"), "type", Code.UNKNOWN_VERSION),
    ("no id", event(drop=("id",)), "id", Code.MISSING),
    ("empty id", event(id=""), "id", Code.BAD_IDENTIFIER),
    ("id with spaces", event(id="a b"), "id", Code.BAD_IDENTIFIER),
    ("id too long", event(id="a" * 129), "id", Code.BAD_IDENTIFIER),
    ("id that is no text", event(id=7), "id", Code.WRONG_TYPE),
    ("source with a line end", event(source="a\nb"), "source", Code.BAD_IDENTIFIER),
    ("no data", event(drop=("data",)), "data", Code.MISSING),
    ("data that is no object", event(data=[1]), "data", Code.WRONG_TYPE),
    ("another content type", event(datacontenttype="text/xml"), "datacontenttype", Code.BAD_CONTENT_TYPE),
    ("time without offset", event(time="2025-10-06T09:00:00"), "time", Code.TIME_WITHOUT_OFFSET),
    ("time that does not exist", event(time="2025-10-06T25:00:00Z"), "time", Code.BAD_TIME),
    ("time in the year 1", event(time="0001-01-01T00:00:00+14:00"), "time", Code.BAD_TIME),
    ("time past the last one in UTC", event(time="9999-12-31T23:59:59-12:00"), "time", Code.TIME_IN_FUTURE),
    ("time as a number", event(time=1759708800), "time", Code.WRONG_TYPE),
    ("time as a number in a text", event(time="1759708800"), "time", Code.BAD_TIME),
    ("INE missing", absence(drop=("ine",)), "data.ine", Code.MISSING),
    ("INE in no format", absence(ine="12345"), "data.ine", Code.BAD_INE),
    ("INE as a number", absence(ine=12345678901), "data.ine", Code.WRONG_TYPE),
    ("UAI in no form", absence(uai="310000G"), "data.uai", Code.BAD_UAI),
    ("wrong UAI letter", absence(uai="0310000A"), "data.uai", Code.UAI_CHECK_LETTER),
    ("date missing", absence(drop=("date",)), "data.date", Code.MISSING),
    ("date that does not exist", absence(date="2025-02-30"), "data.date", Code.BAD_DATE),
    ("French date", absence(date="06/10/2025"), "data.date", Code.BAD_DATE),
    ("date as a number", absence(date=1759708800), "data.date", Code.WRONG_TYPE),
    ("date as a number in a text", absence(date="1759708800"), "data.date", Code.BAD_DATE),
    ("date and hour", absence(date="2025-10-06T00:00:00"), "data.date", Code.BAD_DATE),
    ("unknown half-day", absence(period="EVENING"), "data.period", Code.BAD_VALUE),
    ("justified as a text", absence(justified="true"), "data.justified", Code.WRONG_TYPE),
    ("unknown category", absence(category="FLU"), "data.category", Code.BAD_VALUE),
    ("misspelt field", absence(justifed=True), "data", Code.UNKNOWN_FIELD),
    ("free text of a reason", absence(motif="angine"), "data", Code.UNKNOWN_FIELD),
    ("NUL in a name", enrolment(last_name="a\0b"), "data.last_name", Code.NUL),
    ("NUL in an extension", event(comment="\0"), "", Code.NUL),
    ("control character", enrolment(first_name="a\x07"), "data.first_name", Code.CONTROL_CHARACTER),
    ("name too long", enrolment(last_name="a" * 101), "data.last_name", Code.TOO_LONG),
    ("blank name", enrolment(last_name="  "), "data.last_name", Code.EMPTY),
    ("unknown status", enrolment(status="ELEVE"), "data.status", Code.BAD_VALUE),
    (
        "day of departure missing",
        event({"ine": INE, "uai": UAI}, StrikeOffStudent),
        "data.on",
        Code.MISSING,
    ),
    ("an event of 70 kB", event(comment="x" * 70_000), "", Code.TOO_LONG),
]


@pytest.mark.parametrize(("what", "sent", "field", "code"), WRONG, ids=[what for what, *_ in WRONG])
def test_what_is_wrong_is_said_with_its_field(what: str, sent: Any, field: str, code: Code):
    refusal = read_one(as_bytes(sent))
    assert isinstance(refusal, Refusal)
    assert (refusal.field, refusal.code) == (field, code)


NOT_JSON = [
    (b"", Code.NOT_JSON),
    (b"{", Code.NOT_JSON),
    (b"{'id': 1}", Code.NOT_JSON),
    (b'{"id": NaN}', Code.NOT_FINITE),
    (b'{"id": -Infinity}', Code.NOT_FINITE),
    (b'{"id": "\\ud800"}', Code.BAD_TEXT),
    (b'{"id": "\xff"}', Code.BAD_TEXT),
    (b'{"id": "\x00"}', Code.NOT_JSON),
    (b"[" * 50_000 + b"]" * 50_000, Code.TOO_DEEP),
    (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, Code.TOO_DEEP),
]


@pytest.mark.parametrize(("raw", "code"), NOT_JSON, ids=[repr(raw[:12]) for raw, _ in NOT_JSON])
def test_what_is_not_json_is_said_with_its_place(raw: bytes, code: Code):
    refusal = read_one(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.code is code
    assert "column" in refusal.at


@pytest.mark.parametrize(("broken", "code"), [case for case in NOT_JSON if case[0] not in (b"", b"{")])
def test_a_broken_event_does_not_spoil_its_batch(broken: bytes, code: Code):
    good = as_bytes(event())
    first, middle, last = read_many(b"[" + good + b" , " + broken + b"," + good + b"]")
    assert isinstance(first, Draft)
    assert isinstance(middle, Refusal)
    assert middle.code is code
    assert isinstance(last, Draft)


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"[{}", b"[]]", b'["', b"null", b"[" * 100_000])
def test_a_body_that_is_no_array_cannot_be_taken_apart(body: bytes):
    with pytest.raises(UnreadableError):
        read_many(body)


def test_an_empty_batch_holds_nothing():
    assert read_many(b" [ ] ") == []


def test_a_name_given_twice_takes_its_last_value():
    raw = as_bytes(event()).replace(b'"period": "MORNING"', b'"period": "NOON", "period": "AFTERNOON"')
    draft = read_one(raw)
    assert isinstance(draft, Draft)
    assert isinstance(draft.data, ReportAbsence)
    assert draft.data.period == "AFTERNOON"


def test_a_misspelt_field_is_told_what_it_resembles():
    refusal = read_one(as_bytes(absence(justifed=True)))
    assert isinstance(refusal, Refusal)
    assert "did you mean justified?" in refusal.reason


@pytest.mark.parametrize(
    "sent",
    [
        event(id=CANARY + " x"),
        event(type=CANARY),
        event(source=CANARY + "é"),
        event(time=CANARY),
        absence(ine=CANARY),
        absence(uai=CANARY),
        absence(date=CANARY),
        absence(period=CANARY),
        absence(category=CANARY),
        absence(**{CANARY: 1}),
        event(data=absence(ine=CANARY)["data"], id=f"abs-{CANARY}"),
        event(data=enrolment(last_name=CANARY, mef="")["data"], kind=ReportAbsence, id=f"abs-{CANARY}"),
    ],
)
def test_a_refusal_never_quotes_a_value(sent: dict[str, Any]):
    refusal = read_one(as_bytes(sent))
    assert isinstance(refusal, Refusal)
    assert CANARY not in repr(refusal)
    assert CANARY not in refusal.reason


def test_a_refused_event_is_named_by_its_id_when_that_says_nothing():
    refusal = read_one(as_bytes(absence(period="NOON")))
    assert isinstance(refusal, Refusal)
    assert (refusal.id, refusal.source) == ("vs-0001", "vie-scolaire/0310000G")


@given(st.binary(max_size=300))
def test_no_bytes_whatever_make_reading_fail(raw: bytes):
    assert isinstance(read_one(raw), Draft | Refusal)
    with contextlib.suppress(UnreadableError):
        assert all(isinstance(part, Draft | Refusal) for part in read_many(raw))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(["specversion", "id", "source", "type", "time", "data", "datacontenttype"])
DATA_FIELDS = st.sampled_from(["ine", "uai", "date", "period", "justified", "category", "last_name", "on", "since"])


@given(st.dictionaries(FIELDS, JSON, max_size=4), st.dictionaries(DATA_FIELDS, JSON, max_size=4))
def test_no_json_whatever_makes_reading_fail(fields: dict[str, Any], data: dict[str, Any]):
    for sent in (event(**fields), {**absence(**data), **fields, "data": absence(**data)["data"]}):
        assert isinstance(read_one(json.dumps(sent).encode()), Draft | Refusal)
