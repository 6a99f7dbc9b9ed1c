"""What the suite lets be seen of its work: whole traces, figures with a way to them, logs; and nobody's data.

One suite for the module. The first tests look at one pupil's absence on its way to an e-mail and a row; the last one
puts canaries through everything that can go well or wrong, and looks for them in every output.
"""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chassis.nats import connect_once
from contracts.commands import AcknowledgeAlert
from contracts.envelope import correlation_of
from contracts.incoming import EnrolStudent
from services.projections.acts import command_id_of
from tests.real.cli.running import perseverance, up
from tests.real.eventually import eventually
from tests.real.notifications.scripted_relay import ScriptedRelay
from tests.real.sight.collector import Collector, Seen, collecting
from tests.real.sight.outputs import all_of, said_in
from tests.real.sight.school import (
    BORN,
    ELSEWHERE,
    EVERY_CANARY,
    FIRST,
    FREE,
    HEAD,
    INE,
    MAILBOX,
    NAME,
    OF_PUPILS,
    OTHER_INE,
    SOURCE,
    UAI,
    Watched,
    absences,
    enrolment,
    event,
    watching,
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

WHOLE = {"intake.accept", "alerts.handle", "notifications.handle", "notifications.mail", "projections.fold"}


@pytest.fixture(scope="module")
async def relay() -> AsyncIterator[ScriptedRelay]:
    relay = ScriptedRelay()
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture(scope="module")
async def seen() -> AsyncIterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
async def watched(
    relay: ScriptedRelay, seen: Collector, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": seen.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "NO_PROXY": "127.0.0.1",
        "PERSEVERANCE_SMTP_HOST": "127.0.0.1",
        "PERSEVERANCE_SMTP_PORT": str(relay.port),
        "PERSEVERANCE_RETRY_FIRST_S": "0.2",
    }
    suite = up(tmp_path_factory.mktemp("sight") / "var", environment=environment)
    running = await asyncio.to_thread(suite.__enter__)
    try:
        async with watching(running) as found:
            yield found
    finally:
        await asyncio.to_thread(suite.__exit__, None, None, None)


@pytest.fixture(scope="module")
async def alert(watched: Watched) -> dict[str, Any]:
    """Four absences of one pupil, and the alert they lead to."""
    answer = await watched.send([enrolment("e-1"), *absences("a", 4)])
    assert {verdict["status"] for verdict in answer.json()["verdicts"]} == {"accepted"}, answer.text

    async def raised() -> Any:
        return (await watched.api("GET", "/alerts")).json()["items"]

    found: dict[str, Any] = (await eventually(raised))[0]
    return found


async def test_one_trace_goes_from_the_door_to_the_mail_and_the_row(alert: Any, seen: Collector) -> None:
    """The fourth absence reaches level 1: whoever has its source and id has its trace."""
    trace = correlation_of(SOURCE, "a-4")
    mails_shown = {"mail_requested", "mail_sent"}

    async def whole() -> bool:
        spans = seen.trace(trace)
        folded = {span.attributes["perseverance.fact"] for span in spans if span.name == "projections.fold"}
        shown = mails_shown | {"absence_threshold_reached"} <= folded
        return shown and {span.name for span in spans} == WHOLE

    await eventually(whole)
    spans = seen.trace(trace)
    assert all(span.service == span.name.partition(".")[0] for span in spans)
    way = _way_to(spans, next(s for s in spans if s.attributes.get("perseverance.fact") == "mail_sent"))
    assert way == ["intake.accept", "alerts.handle", "notifications.handle", "notifications.mail", "projections.fold"]
    assert set(way) == WHOLE
    assert all(span.started <= span.ended for span in spans)


async def test_another_absence_is_another_trace_that_ends_where_nothing_followed(alert: Any, seen: Collector) -> None:
    def names() -> list[str]:
        return [span.name for span in seen.trace(correlation_of(SOURCE, "a-1"))]

    async def both() -> bool:
        return len(names()) == 2

    await eventually(both)
    assert names() == ["intake.accept", "alerts.handle"]


async def test_an_act_of_a_person_is_a_trace_from_the_page_to_the_row(
    watched: Watched, alert: dict[str, Any], seen: Collector
) -> None:
    answer = await watched.api("POST", f"/alerts/{alert['alert_id']}/acknowledge", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 200, answer.text
    trace = command_id_of(HEAD.id, f"{AcknowledgeAlert.SUBJECT}/{alert['alert_id']}/k")

    async def whole() -> bool:
        return {"alerts.obey", "projections.fold"} <= {span.name for span in seen.trace(trace)}

    await eventually(whole)
    spans = seen.trace(trace)
    row = next(span for span in spans if span.name == "projections.fold")
    assert _way_to(spans, row) == ["projections.command", "alerts.obey", "projections.fold"]


async def test_a_figure_leads_to_a_trace(watched: Watched, alert: Any, seen: Collector) -> None:
    text = await _metrics(watched, "alerts", "application/openmetrics-text")
    assert text.rstrip().endswith("# EOF")
    exemplars = re.findall(
        r'perseverance_batch_seconds_bucket\{consumer="alerts-school".*# \{trace_id="([0-9a-f]{32})"', text
    )
    assert exemplars

    async def known() -> bool:
        return all(seen.trace(each) for each in exemplars)

    await eventually(known)
    assert "trace_id" not in await _metrics(watched, "alerts", "text/plain")


async def test_a_log_line_about_one_thing_has_its_correlation_and_who_says_so(watched: Watched, alert: Any) -> None:
    answer = await watched.api("POST", f"/alerts/{alert['alert_id']}/acknowledge", headers={"Idempotency-Key": "again"})
    assert answer.status_code == 409
    command = command_id_of(HEAD.id, f"{AcknowledgeAlert.SUBJECT}/{alert['alert_id']}/again")
    (refused,) = [line for line in _log(watched, "alerts") if line["event"] == "command.refused"]
    assert refused["correlation"] == str(command)
    mails = [line for line in _log(watched, "notifications") if line["event"] == "mail.attempted"]
    assert {line["correlation"] for line in mails} == {str(correlation_of(SOURCE, "a-4"))}
    assert all(line["service"] == "notifications" and line["version"] for line in mails)


def _way_to(spans: list[Seen], span: Seen) -> list[str]:
    """The names from where the trace begins to `span`."""
    known = {each.id: each for each in spans}
    way = [span]
    while way[0].parent:
        way.insert(0, known[way[0].parent])
    return [each.name for each in way]


def _log(watched: Watched, service: str) -> list[dict[str, Any]]:
    path: Path = watched.suite.data / "log" / f"{service}.log"
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


async def _metrics(watched: Watched, service: str, media: str) -> str:
    port = watched.suite.runtime["services"][service]["port"]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return (await client.get(f"http://127.0.0.1:{port}/metrics", headers={"accept": media})).text


async def test_no_output_holds_anything_about_a_pupil(
    watched: Watched, alert: dict[str, Any], seen: Collector, relay: ScriptedRelay, tmp_path: Path
) -> None:
    mails = len(relay.taken)
    relay.next("RCPT", f"550 5.1.1 <{MAILBOX}@example.org> unknown", f"450 4.2.1 <{MAILBOX}@example.org> later")
    answers = [
        *await _what_schools_get_wrong(watched),
        *await _what_people_get_wrong(watched, alert["alert_id"]),
    ]
    await _a_message_nobody_can_read(watched)
    printed = await asyncio.to_thread(_import_files, watched, tmp_path)
    other = await watched.send([event(EnrolStudent, "e-2", ine=OTHER_INE), *absences("b", 4, ine=OTHER_INE)])
    assert {verdict["status"] for verdict in other.json()["verdicts"]} == {"accepted"}

    async def told() -> bool:
        return len(relay.taken) > mails and {"refused", "deferred"} <= {
            line["outcome"] for line in _log(watched, "notifications") if line["event"] == "mail.attempted"
        }

    await eventually(told)
    pages = await _pages(watched)
    outputs = await all_of(watched)
    outputs |= {
        "answers": said_in(answers),
        "spans": "\n".join(body.decode(errors="replace") for body in seen.bodies),
        "imports": printed,
        "addresses in pages": "\n".join(re.findall(r'(?:href|src|action|hx-[a-z]+)="([^"]*)"', pages)),
    }
    _assert_none(EVERY_CANARY, outputs)
    letters = [f"{message['Subject']} {message['Message-ID']} {message.as_string()}" for message in relay.messages()]
    assert letters
    _assert_none(OF_PUPILS, {"e-mails": "\n".join(letters)})
    assert NAME in pages, "the canaries went where they should: to those in charge of the pupil"


async def _what_schools_get_wrong(watched: Watched) -> list[httpx.Response]:
    """Canaries where they should not be, by HTTP and by NATS."""
    good = absences("w", 1)[0]
    wrong = [
        good | {"id": f"abs-{INE}"},
        good | {"id": NAME},
        good | {"id": "w-2", "source": FIRST},
        good | {"id": "w-3", "data": good["data"] | {"motif": FREE}},
        good | {"id": "w-4", "data": good["data"] | {"date": ELSEWHERE}},
        good | {"id": "w-5", "data": good["data"] | {"uai": ELSEWHERE}},
        good | {"id": "w-6", "data": good["data"] | {"ine": ELSEWHERE}},
        good | {"id": "w-7", "type": ELSEWHERE},
        good | {"id": "w-8", "data": good["data"] | {FREE: ELSEWHERE}},
        good | {"id": "w-9", "comment": FREE, "data": good["data"] | {"date": "2025-10-12"}},
    ]
    answers = [await watched.send(wrong), await watched.send([good], key=ELSEWHERE)]
    client = await connect_once(watched.found.nats_url, "a system of a school")
    for each in wrong:
        await client.jetstream().publish("intake.raw.vs", json.dumps(each).encode())
        await client.jetstream().publish("intake.raw.nobody", json.dumps(each).encode()[:-20])
    await client.close()
    bodies = (f'[{{"{FREE}": ', f'"{NAME}"', json.dumps({"last_name": NAME}))
    known = {"authorization": f"Bearer {watched.key}"}
    answers += [await watched.http.post("/events", content=body, headers=known) for body in bodies]
    assert {answer.status_code for answer in answers} >= {202, 401, 415}
    return answers


async def _what_people_get_wrong(watched: Watched, alert_id: str) -> list[httpx.Response]:
    """Requests without a right, without sense, of the wrong form, and one to a service that is away."""
    alerts = watched.suite.pid_of("alerts")
    os.kill(alerts, signal.SIGSTOP)
    try:
        away = await watched.api("POST", f"/alerts/{alert_id}/close", json={"motive": "OTHER"})
    finally:
        os.kill(alerts, signal.SIGCONT)
    answers = [
        away,
        await watched.http.get("/api/v1/alerts", headers={"authorization": f"Bearer {ELSEWHERE}"}),
        await watched.api("GET", f"/alerts/{ELSEWHERE}"),
        await watched.api("GET", "/alerts", params={"cursor": FREE}),
        await watched.api("POST", f"/alerts/{alert_id}/close", json={"motive": FREE}),
        await watched.api(
            "POST", f"/alerts/{alert_id}/follow-ups", json={"kind": "INTERVIEW", "on": ELSEWHERE, FREE: 1}
        ),
        await watched.api("POST", f"/alerts/{alert_id}/acknowledge"),
    ]
    assert {answer.status_code for answer in answers} >= {400, 401, 404, 409, 422, 503}
    return answers


async def _a_message_nobody_can_read(watched: Watched) -> None:
    """Something else than a fact, on SCHOOL for a moment: alerts puts it aside."""
    data = {"id": "x", "source": "x", "subject": str(uuid4()), "data": {"half_day": ELSEWHERE, "uai": FREE}}
    async with watched.acting_as("intake") as intake:
        ack = await intake.jetstream().publish("school.3.absence_reported", json.dumps(data).encode())

    async def aside() -> bool:
        return any(line["event"] == "reader.quarantined" for line in _log(watched, "alerts"))

    await eventually(aside)
    await watched.nats.js.delete_msg("SCHOOL", ack.seq)


def _import_files(watched: Watched, directory: Path) -> str:
    """A file with rows that are refused; what is printed, and the list of what was refused."""
    file = directory / "eleves.csv"
    rows = (f"{INE};{UAI};{NAME};{FIRST};{BORN};2DE3;;", f"{ELSEWHERE};{UAI};{NAME};{FIRST};{ELSEWHERE};;;")
    file.write_text("\n".join(("ine;uai;nom;prenom;date_naissance;classe;mef;statut", *rows)) + "\n")
    answer = perseverance(watched.suite.data, "import", "students", str(file))
    assert answer.returncode == 3, answer.stderr
    return answer.stdout + answer.stderr + file.with_name("eleves.csv.refused.csv").read_text(encoding="utf-8-sig")


async def _pages(watched: Watched) -> str:
    """Those that name pupils, as the head of the school sees them."""
    watched.http.cookies.set("perseverance_session", watched.token)
    answers = [await watched.http.get(path) for path in ("/", "/alertes", "/courriels")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    return "".join(answer.text for answer in answers)


def _assert_none(canaries: Iterable[str], outputs: Mapping[str, str]) -> None:
    found = {
        f"{canary} in {name}" for name, text in outputs.items() for canary in canaries if canary.lower() in text.lower()
    }
    assert not found, sorted(found)
