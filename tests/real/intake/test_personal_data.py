"""A canary in every personal field: it may be in the register and on REGISTER, and nowhere else."""

import json
import logging

import pytest

from chassis.logs import JsonFormatter
from chassis.nats import Nats
from tests.real.intake.conftest import Running
from tests.real.intake.test_nats_door import counts, stored
from tests.unit.intake.given import absence, as_bytes, enrolment, event

INE = "987654321ZZ"
NAME, FIRST = "ZZCANARILASTZZ", "ZZCANARIFIRSTZZ"
CANARIES = (INE, NAME, FIRST, "ZZCANARIMOTIFZZ", "ZZCANARIZZ")


class Lines(logging.Handler):
    """Every record, as the service would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter("intake"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


async def test_no_canary_in_logs_answers_refusals_ledger_or_streams(
    running: Running, nats: Nats, database, monkeypatch
):
    lines = Lines()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [lines])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    identity = {"last_name": NAME, "first_name": FIRST, "ine": INE}
    sent = [
        enrolment(**identity) | {"id": "e-1"},
        absence(ine=INE),
        event(id="vs-2", data=absence(ine=INE, motif="ZZCANARIMOTIFZZ")["data"]),
        event(id=f"abs-{INE}", data=absence(ine=INE)["data"]),
        event(id=f"{NAME}-1", data=absence(ine=INE)["data"]),
        event(id="vs-3", source=FIRST, data=absence(ine=INE)["data"]),
        event(id="vs-4", data=absence(ine=INE, date="ZZCANARIZZ")["data"]),
        event(id="vs-5", data=absence(ine=INE, date="2025-10-12")["data"]),
        event(id="vs-6", data=absence(ine="ZZCANARIZZ")["data"]),
        event(id="vs-7", type="ZZCANARIZZ"),
        event(id="vs-8", time="ZZCANARIZZ"),
        event(id="vs-9", comment=NAME, data=absence(ine=INE, period="AFTERNOON")["data"]),
        event(id="vs-10", data=enrolment(**identity, birth_date="ZZCANARIZZ")["data"], type=enrolment()["type"]),
        event(id="vs-2", data=absence(ine=INE, uai="ZZCANARIZZ")["data"]),
    ]
    verdicts = await running.batch(as_bytes(sent))
    texts = [json.dumps(verdicts)]
    for one in sent:
        texts.append((await running.post(as_bytes(one))).text)
        await nats.js.publish("intake.raw.vs", as_bytes(one))
        await nats.js.publish("intake.raw.vs", as_bytes(one)[:-20])
    texts.append((await running.post(as_bytes(sent[0])[:-9])).text)
    texts.append((await running.http.get("/metrics")).text)
    accepted = sum(verdict["status"] == "accepted" for verdict in verdicts)
    assert accepted == 3
    await counts(nats, "SCHOOL", accepted)
    await counts(nats, "REFUSALS", 2 * len(sent) - accepted)
    await counts(nats, "INTAKE", 0)
    for stream in ("SCHOOL", "REFUSALS"):
        texts += [json.dumps(document) for document in await stored(nats, stream)]
    with database.transaction() as tx:
        for table in ("ledger", "refusals", "quarantine", "positions"):
            tx.execute(f"SELECT row_to_json({table})::text FROM {table}")
            texts += [row for (row,) in tx.fetchall()]
        tx.execute("SELECT payload FROM ledger UNION ALL SELECT payload FROM refusals")
        texts += [bytes(payload).decode() for (payload,) in tx.fetchall()]
    texts += lines.lines
    for canary in CANARIES:
        assert not [text for text in texts if canary.lower() in text.lower()]
    assert NAME in json.dumps(await stored(nats, "REGISTER"))


@pytest.mark.parametrize("broken", ["SELECT 1/0", "SELECT 'ZZCANARIZZ'::int"])
async def test_an_error_of_the_database_is_logged_without_its_text(broken: str, database, caplog):
    from chassis.logs import Log

    formatter = JsonFormatter("intake")
    caplog.set_level(logging.DEBUG)
    try:
        with database.transaction() as tx:
            tx.execute(broken)
    except Exception as error:  # noqa: BLE001  (the text of this error is the point)
        Log("intake").error("x", exc=error)
    assert "ZZCANARIZZ" not in "".join(formatter.format(record) for record in caplog.records)
