"""What a sender traced itself: a link of the span at the door, and nothing else. Anything else leaves no mark."""

from typing import Any
from uuid import UUID

import pytest

from chassis import tracing
from chassis.tracing import Elsewhere, elsewhere
from services.intake import traces
from services.intake.drafts import Draft
from services.intake.reading import Read, read_many, read_one
from services.intake.requests import reading_for
from services.intake.senders import Sender
from services.intake.verdicts import Refusal, Verdict
from tests.unit.intake.given import absence, absence_data, as_bytes, event

CANARY = "ZZCANARIZZ"
OWN = f"00-{'a' * 32}-{'b' * 16}-01"
REQUEST = elsewhere(f"00-{'c' * 32}-{'d' * 16}-00")


def after(read: Read) -> Elsewhere | None:
    assert isinstance(read, Draft)
    return read.after


def test_an_event_says_it_in_its_extension_attribute() -> None:
    assert after(read_one(as_bytes(event(traceparent=OWN)))) == (int("a" * 32, 16), int("b" * 16, 16), 1)


def test_in_binary_mode_it_is_a_header_of_the_event() -> None:
    attributes = {f"ce-{name}": value for name, value in event(drop=("data",)).items()}
    read = reading_for({"content-type": "application/json", "ce-traceparent": OWN, **attributes})
    (draft,) = read(as_bytes(absence_data())).events
    assert after(draft) == elsewhere(OWN)


def test_two_events_that_differ_by_it_alone_are_the_same() -> None:
    assert read_one(as_bytes(event(traceparent=OWN))) == read_one(as_bytes(event()))


@pytest.mark.parametrize(
    "said", [CANARY, f"00-{CANARY}-{'b' * 16}-01", {CANARY: [CANARY]}, [CANARY], 7, None, True, "", f"{OWN}-{CANARY}"]
)
def test_anything_else_is_ignored_and_leaves_no_mark(said: Any, caplog: pytest.LogCaptureFixture) -> None:
    taken = read_one(as_bytes(event(traceparent=said)))
    assert after(taken) is None
    refused = read_one(as_bytes(absence(ine="123") | {"traceparent": said}))
    assert isinstance(refused, Refusal)
    assert CANARY not in f"{taken!r} {refused!r} {Verdict(0, 'refused', refused.id, refused).as_json()} {caplog.text}"


@pytest.fixture
def linked(monkeypatch: pytest.MonkeyPatch) -> list[Elsewhere | None]:
    """What each span at the door was linked to."""
    found: list[Elsewhere | None] = []

    def began(name: str, correlation: UUID, started: int, about: object, after: Elsewhere | None) -> None:
        found.append(after)

    monkeypatch.setattr(tracing, "active", lambda: True)
    monkeypatch.setattr(tracing, "began", began)
    return found


def test_an_event_s_own_wins_over_the_one_of_the_request(linked: list[Elsewhere | None]) -> None:
    sent = [event(id="own", traceparent=OWN), event(id="none"), event(id="wrong", traceparent=CANARY)]
    read = read_many(as_bytes(sent))
    verdicts = [Verdict(index, "accepted", each["id"]) for index, each in enumerate(sent)]
    traces.accepted("http", [(Sender("vs"), each) for each in read], verdicts, 1, REQUEST)
    assert linked == [elsewhere(OWN), REQUEST, REQUEST]
