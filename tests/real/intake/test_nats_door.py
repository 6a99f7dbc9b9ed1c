"""Systems inside the network publish raw events; facts come out on SCHOOL, identities on REGISTER, refusals back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from chassis.nats import Nats
from contracts.school import AbsenceReported
from contracts.streams import register_subject as register_subject_of
from contracts.streams import subject_of
from tests.real.intake.conftest import Running, serving
from tests.unit.intake.given import INE, absence, as_bytes, enrolment, event


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110  (what is awaited is in another process)
            await asyncio.sleep(0.05)


async def stored(nats: Nats, stream: str) -> list[tuple[str, dict[str, Any]]]:
    """Subject and document of each message of a stream."""
    state = (await nats.js.stream_info(stream)).state
    found = []
    for seq in range(state.first_seq, state.last_seq + 1):
        try:
            message = await nats.js.get_msg(stream, seq)
        except Exception:  # noqa: BLE001  (compacted away)
            continue
        found.append((message.subject, json.loads(message.data)))
    return found


async def counts(nats: Nats, stream: str, number: int) -> None:
    async def holds() -> bool:
        return (await nats.js.stream_info(stream)).state.messages == number

    await until(holds)


async def test_raw_events_become_facts_and_identities(running: Running, nats: Nats):
    await nats.js.publish("intake.raw.vs", as_bytes(enrolment(last_name="DURAND") | {"id": "e-1"}))
    await nats.js.publish("intake.raw.vs", as_bytes(absence()))
    await counts(nats, "SCHOOL", 2)
    await counts(nats, "REGISTER", 1)
    ((register_subject, identity),) = await stored(nats, "REGISTER")
    student_id = identity["data"]["student_id"]
    assert (identity["data"]["ine"], identity["data"]["last_name"]) == (INE, "DURAND")
    assert register_subject == register_subject_of(UUID(student_id))
    facts = await stored(nats, "SCHOOL")
    assert facts[1][0] == subject_of("school", UUID(student_id), AbsenceReported.FACT)
    assert facts[1][1]["subject"] == student_id
    assert INE not in str(facts)
    assert "DURAND" not in str(facts)


async def test_refusals_are_published_back_with_the_reason_and_no_value(running: Running, nats: Nats):
    bad = [
        b"not json",
        as_bytes(absence(ine="ZZCANARIZZ")),
        as_bytes(event(id="vs-2", data=absence(uai="0319999A")["data"])),
        as_bytes([absence()]),
        b"[" * 50_000 + b"]" * 50_000,
    ]
    for data in bad:
        await nats.js.publish("intake.raw.vs", data)
    await nats.js.publish("intake.raw.vs", as_bytes(absence()))
    await counts(nats, "REFUSALS", len(bad))
    await counts(nats, "SCHOOL", 1)
    refusals = await stored(nats, "REFUSALS")
    assert {subject for subject, _ in refusals} == {"intake.refused.vs"}
    assert [document["code"] for _, document in refusals] == [
        "not_json",
        "bad_ine",
        "unknown_school",
        "not_an_object",
        "too_deep",
    ]
    assert refusals[2][1]["id"] == "vs-2"
    assert all(document["reason"] for _, document in refusals)
    assert "ZZCANARIZZ" not in str(refusals)


async def test_a_message_id_that_is_no_text_stops_nobody(running: Running, nats: Nats):
    head, data = b"NATS/1.0\r\nNats-Msg-Id: \xff\xfe\r\n\r\n", as_bytes(absence() | {"id": "vs-1"})
    frame = b"HPUB intake.raw.vs %d %d\r\n%b%b\r\n" % (len(head), len(head) + len(data), head, data)
    await nats.client.send_frames(frame)
    await counts(nats, "SCHOOL", 1)
    await nats.js.publish("intake.raw.vs", as_bytes(absence(period="AFTERNOON") | {"id": "vs-2"}))
    await counts(nats, "SCHOOL", 2)


async def test_a_sender_nobody_registered_is_refused(running: Running, nats: Nats):
    await nats.js.publish("intake.raw.somebody", as_bytes(absence()))
    await nats.js.publish(f"intake.raw.{INE}", as_bytes(absence()))
    await counts(nats, "REFUSALS", 2)
    refusals = await stored(nats, "REFUSALS")
    assert [(subject, document["code"]) for subject, document in refusals] == [
        ("intake.refused.somebody", "unknown_sender"),
        ("intake.refused.unknown", "unknown_sender"),
    ]


async def test_raw_events_do_not_linger_once_read(running: Running, nats: Nats):
    for i in range(5):
        await nats.js.publish("intake.raw.vs", as_bytes(event(id=f"r-{i}")))
    await counts(nats, "SCHOOL", 5)
    await counts(nats, "INTAKE", 0)
    await nats.js.publish("intake.raw.vs", as_bytes(event(id="r-9")))
    await counts(nats, "SCHOOL", 6)


async def test_what_was_accepted_while_nobody_published_is_published_at_the_next_start(
    directory: None, nats: Nats, nats_url: str, postgres_url: str, intake, sender
):
    from services.intake import reading

    intake.receive(sender, reading.read_many(as_bytes([event(id=f"x-{i}") for i in range(10)])))
    async with serving(nats_url, postgres_url):
        await counts(nats, "SCHOOL", 10)
    assert [document["id"] for _, document in await stored(nats, "SCHOOL")] == [f"x-{i}" for i in range(10)]


@pytest.mark.parametrize("stream", ["SCHOOL", "REGISTER"])
async def test_a_stream_that_was_lost_is_published_again(running: Running, nats: Nats, stream: str):
    await running.batch(as_bytes([event(id=f"x-{i}") | {"data": absence(ine=f"{i:09d}AB")["data"]} for i in range(5)]))
    await counts(nats, stream, 5)
    before = await stored(nats, stream)
    config = (await nats.js.stream_info(stream)).config
    await nats.js.delete_stream(stream)
    await nats.js.add_stream(config)
    await running.post(as_bytes(event(id="x-9") | {"data": absence(ine="999999999AB")["data"]}))
    await counts(nats, stream, 6)
    assert (await stored(nats, stream))[:5] == before
