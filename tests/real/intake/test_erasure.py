"""Erasing a pupil: nothing says any more who the pseudonym was, and every service is told."""

import json

from chassis.nats import Nats
from services.intake import reading
from services.intake.erasure import Erasure
from tests.real.intake.conftest import Running
from tests.real.intake.test_accepting import ledger, register, send
from tests.real.intake.test_nats_door import counts, stored, until
from tests.unit.intake.given import INE, absence, as_bytes, enrolment, event

NAME = "ZZVERDIERZZ"


def everything(database) -> str:
    """All that intake's tables hold, as text."""
    found = []
    with database.transaction() as tx:
        for table in ("register", "ledger", "refusals", "quarantine"):
            tx.execute(f"SELECT row_to_json({table})::text FROM {table}")
            found += [row for (row,) in tx.fetchall()]
        tx.execute(
            "SELECT payload FROM ledger UNION ALL SELECT payload FROM refusals UNION ALL SELECT payload FROM quarantine"
        )
        found += [bytes(payload).decode() for (payload,) in tx.fetchall()]
    return "\n".join(found)


async def test_no_table_and_no_stream_holds_the_pupil_any_more(running: Running, nats: Nats, database, clock):
    await running.batch(as_bytes([enrolment(last_name=NAME) | {"id": "e-1"}, absence()]))
    await nats.js.publish("intake.raw.vs", as_bytes(event(id="vs-3")))
    await counts(nats, "SCHOOL", 3)
    await counts(nats, "REGISTER", 1)
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO quarantine (consumer, stream, position, partition, key, subject, msg_id, reason, payload)"
            " VALUES ('raw', 'INTAKE', 99, 0, 'vs', 'intake.raw.vs', '', 'x', %s)",
            (as_bytes(absence()),),
        )
    erasure = Erasure(database, clock)
    student_id = erasure.find(ine=INE)
    assert student_id is not None
    done = erasure.erase(student_id)
    assert done is not None
    assert (done.student_id, done.facts, done.raw_messages) == (student_id, 3, 1)
    assert erasure.erase(student_id) is None
    assert erasure.find(ine=INE) is None

    await counts(nats, "SCHOOL", 4)

    async def forgotten() -> bool:
        return all("forgotten" in document["type"] for _, document in await stored(nats, "REGISTER"))

    await until(forgotten)
    await counts(nats, "INTAKE", 0)
    _, last = (await stored(nats, "SCHOOL"))[-1]
    assert last["type"] == "fr.perseverance.school.student_erased.v1"
    assert last["data"] == {"student_id": str(student_id)}
    left = everything(database)
    for stream in ("INTAKE", "SCHOOL", "REGISTER", "REFUSALS"):
        left += json.dumps(await stored(nats, stream))
    assert INE not in left
    assert NAME not in left


def test_events_already_received_stay_received(intake, sender, database, clock):
    send(intake, sender, absence())
    erasure = Erasure(database, clock)
    student_id = erasure.find(ine=INE)
    assert student_id is not None
    erasure.erase(student_id)
    assert send(intake, sender, absence()) == ["duplicate"]
    assert [row[0] for row in register(database)] == [None]


def test_a_pupil_who_comes_back_is_somebody_else(intake, sender, database, clock):
    send(intake, sender, absence())
    erasure = Erasure(database, clock)
    first = erasure.find(ine=INE)
    assert first is not None
    erasure.erase(first)
    assert send(intake, sender, event(id="vs-2")) == ["accepted"]
    assert erasure.find(ine=INE) not in (None, first)


def test_erasing_does_not_break_the_order_of_the_ledger(intake, sender, database, clock):
    send(intake, sender, absence())
    erasure = Erasure(database, clock)
    student_id = erasure.find(ine=INE)
    assert student_id is not None
    erasure.erase(student_id)
    intake.receive(sender, [reading.read_one(as_bytes(event(id="vs-2")))])
    assert [fact["position"] for fact in ledger(database)] == [1, 2, 3]
