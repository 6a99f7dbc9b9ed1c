"""Each event once, in order, whoever sends it and however often."""

import json
import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.catalogue import FLOW, INCOMING, SCHOOL
from contracts.envelope import Envelope
from services.intake import reading
from services.intake.codes import Code
from tests.unit.intake.given import (
    INE,
    NOW,
    OTHER_UAI,
    UAI,
    absence,
    absence_data,
    as_bytes,
    departure,
    enrolment,
    event,
)

CONTRACTS = {channel.contract.TYPE: channel.contract for channel in FLOW if channel.stream is SCHOOL}


def send(intake, sender, *events: dict[str, Any]) -> list[str]:
    return [verdict.status for verdict in intake.receive(sender, reading.read_many(as_bytes(events)))]


def ledger(database) -> list[dict[str, Any]]:
    with database.transaction() as tx:
        tx.execute("SELECT position, payload FROM ledger ORDER BY position")
        return [{"position": position, **json.loads(bytes(payload))} for position, payload in tx.fetchall()]


def register(database) -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        tx.execute("SELECT ine, uai, last_name, class_name, student_id FROM register ORDER BY change_seq")
        return tx.fetchall()


def named(event_id: str, sent: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return sent | {"id": event_id} | changes


def test_an_event_is_kept_once_and_is_a_duplicate_ever_after(intake, sender, database):
    assert send(intake, sender, absence()) == ["accepted"]
    assert send(intake, sender, absence(), absence()) == ["duplicate", "duplicate"]
    assert len(ledger(database)) == 1


def test_twice_in_one_batch_is_once(intake, sender, database):
    assert send(intake, sender, absence(), absence()) == ["accepted", "duplicate"]
    assert len(ledger(database)) == 1


def test_the_same_id_with_another_content_is_refused(intake, sender, database):
    send(intake, sender, absence())
    for other in (
        absence(period="AFTERNOON"),
        absence(justified=True),
        absence(ine="111111111BB"),
        event(time="2025-10-06T10:00:00+02:00"),
        event(absence_data(period="AFTERNOON"), drop=("time",)),
    ):
        verdict = intake.receive(sender, [reading.read_one(as_bytes(other))])[0]
        assert verdict.refusal is not None
        assert verdict.refusal.code is Code.ID_REUSED
        assert verdict.id == "vs-0001"
    assert len(ledger(database)) == 1


def test_a_fact_said_again_without_its_time_is_the_same_fact(intake, sender, database):
    timed = event(time="2025-10-06T09:00:00.120000+02:00")
    assert send(intake, sender, timed, event(drop=("time",))) == ["accepted", "duplicate"]
    assert send(intake, sender, event(drop=("time",)), timed) == ["duplicate", "duplicate"]
    assert [fact["time"] for fact in ledger(database)] == ["2025-10-06T07:00:00.120000Z"]


def test_a_time_that_was_not_said_before_is_another_content(intake, sender):
    assert send(intake, sender, event(drop=("time",))) == ["accepted"]
    assert send(intake, sender, event(), event(absence_data(justified=True), drop=("time",))) == ["refused", "refused"]


def test_the_same_id_of_another_source_is_another_event(intake, sender):
    assert send(intake, sender, absence(), event(source="another")) == ["accepted", "accepted"]


def test_a_default_written_out_is_the_same_content(intake, sender):
    assert send(intake, sender, absence(), absence(justified=False, category=None)) == ["accepted", "duplicate"]


def test_an_event_without_time_happened_when_it_first_came(intake, sender, database, clock):
    sent = event(drop=("time",))
    assert send(intake, sender, sent) == ["accepted"]
    clock.advance(timedelta(days=2))
    assert send(intake, sender, sent) == ["duplicate"]
    assert ledger(database)[0]["time"] == ledger(database)[0]["recordedtime"] == NOW.isoformat().replace("+00:00", "Z")


def test_moments_of_receipt_follow_the_order_of_receipt(intake, sender, database, clock):
    sent = [named(f"n-{i}", event(drop=("time",))) for i in range(20)]
    send(intake, sender, *sent[:10])
    clock.advance(timedelta(hours=-1))  # a clock that is set back
    send(intake, sender, *sent[10:])
    times = [datetime.fromisoformat(fact["time"]) for fact in ledger(database)]
    assert times == sorted(set(times))


def test_an_absence_of_a_pupil_nobody_enrolled_is_not_lost(intake, sender, database):
    assert send(intake, sender, absence()) == ["accepted"]
    ine, uai, last_name, class_name, student_id = register(database)[0]
    assert (ine, uai, last_name, class_name) == (INE, UAI, None, None)
    assert ledger(database)[0]["subject"] == str(student_id)


def test_a_refused_event_leaves_no_pupil_behind(intake, sender, database):
    assert send(intake, sender, absence(uai="0319999A"), absence(date="2025-10-12")) == ["refused", "refused"]
    assert register(database) == []
    assert ledger(database) == []


def test_enrolment_after_absence_completes_the_same_pupil(intake, sender, database):
    send(intake, sender, absence(), named("e-1", enrolment(last_name="DURAND", class_name="2A", uai=OTHER_UAI)))
    ((ine, uai, last_name, class_name, student_id),) = register(database)
    assert (ine, uai, last_name, class_name) == (INE, OTHER_UAI, "DURAND", "2A")
    assert {fact["subject"] for fact in ledger(database)} == {str(student_id)}


def test_every_kind_of_fact_is_published_as_its_contract(intake, sender, database):
    kinds = {contract.TYPE: name for name, contract in enumerate(INCOMING)}
    sent = [named(f"k-{kinds[kind]}", event(type=kind)) for kind in kinds]
    sent[0] = named("k-0", enrolment(last_name="DURAND", since="2025-09-01", mef="10310019110", status="APPRENTICE"))
    sent[1] = named("k-1", departure())
    assert send(intake, sender, *sent) == ["accepted"] * 5
    for fact in ledger(database):
        envelope = Envelope[CONTRACTS[fact["type"]]].model_validate_json(json.dumps(fact))  # type: ignore[name-defined]
        assert envelope.data.student_id == UUID(envelope.subject)
        assert "DURAND" not in json.dumps(fact)
        assert INE not in json.dumps(fact)


def test_an_id_that_names_the_pupil_is_refused_and_not_repeated(intake, sender):
    send(intake, sender, enrolment(last_name="VERDIER", first_name="Capucine"))
    for sent in (
        named(f"abs-{INE}", absence()),
        named("abs-0123456789K-2025-10-06-M", absence()),  # the one the pupil had before, which we never heard
        named("x", absence(), source="/eleves/987654321zz"),
        named("verdier-12", absence()),
        named("x", absence(), source="capucine.verdier"),
        named("capucine-1", enrolment(last_name="VERDIER", first_name="Capucine")),
    ):
        verdict = intake.receive(sender, [reading.read_one(as_bytes(sent))])[0]
        assert verdict.refusal is not None
        assert verdict.refusal.code is Code.NOT_OPAQUE
        assert verdict.id is None
        assert "verdier" not in repr(verdict).lower()


@pytest.mark.parametrize(
    ("last_name", "event_id"),
    [
        ("VIE", "abs-2025-10-06-0042"),
        ("VIÉ", "vie-scolaire-0042"),
        ("MATIN", "abs-2025-10-06-matin-0042"),
        ("MARS", "absence.2025.mars.12"),
        ("JANVIER", "/pronote/absences/janvier"),
    ],
)
def test_a_pupil_whose_name_is_an_ordinary_word_is_counted_like_others(intake, sender, last_name, event_id):
    source = "urn:vie-scolaire:0319001R"
    told = named("vs-1", enrolment(last_name=last_name, first_name="Zoé"), source=source)
    assert send(intake, sender, told) == ["accepted"]
    assert send(intake, sender, named(event_id, absence(), source=source)) == ["accepted"]


def test_two_at_once_keep_an_event_once(intake, sender, database):
    events = [named(f"c-{i}", absence(ine=f"{i % 7:09d}AB")) for i in range(200)]
    answers: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda part=part: answers.append(send(intake, sender, *part)))
        for part in (events, events[::-1], events[50:], events[::2])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer.count("accepted") for answer in answers) == 200
    assert sum(answer.count("refused") for answer in answers) == 0
    facts = ledger(database)
    assert [fact["position"] for fact in facts] == list(range(1, 201))
    assert len({fact["id"] for fact in facts}) == 200
    assert len(register(database)) == 7


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(1, 4))
def test_any_repetition_in_any_batches_keeps_each_event_once(intake, sender, database, picks, size):
    pool = [named(f"p-{i}", absence(ine=f"{i % 3:09d}AB", period=("MORNING", "AFTERNOON")[i % 2])) for i in range(7)]
    before = {fact["id"] for fact in ledger(database)}
    accepted: list[str] = []
    for start in range(0, len(picks), size):
        batch = [pool[i] for i in picks[start : start + size]]
        accepted += [
            sent["id"] for sent, status in zip(batch, send(intake, sender, *batch), strict=True) if status == "accepted"
        ]
    assert sorted(accepted) == sorted({f"p-{i}" for i in picks} - before)
    assert len({fact["id"] for fact in ledger(database)}) == len(ledger(database))
