"""What the suite lets be seen of its work beside traces: figures with a way to them, logs; and nobody's data.

The last test puts canaries through everything that can go well or wrong, and looks for them in every output.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.commands import AcknowledgeAlert
from contracts.envelope import correlation_of
from contracts.incoming import EnrolStudent
from services.projections.acts import command_id_of
from tests.real.eventually import eventually
from tests.real.notifications.scripted_relay import ScriptedRelay
from tests.real.sight.collector import Collector
from tests.real.sight.commands import of_commands
from tests.real.sight.outputs import all_of, said_in
from tests.real.sight.school import (
    EVERY_CANARY,
    HEAD,
    MAILBOX,
    NAME,
    OF_PUPILS,
    OTHER_INE,
    SOURCE,
    Watched,
    absences,
    event,
    log_of,
)
from tests.real.sight.wrong import (
    a_message_nobody_can_read,
    a_parcours,
    import_files,
    what_people_get_wrong,
    what_schools_get_wrong,
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


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
    for key, status in (("first", 200), ("again", 409)):
        answer = await watched.api("POST", f"/alerts/{alert['alert_id']}/acknowledge", headers={"Idempotency-Key": key})
        assert answer.status_code == status, answer.text
    command = command_id_of(HEAD.id, f"{AcknowledgeAlert.SUBJECT}/{alert['alert_id']}/again")
    (refused,) = [line for line in log_of(watched, "alerts") if line["event"] == "command.refused"]
    assert refused["correlation"] == str(command)
    mails = [line for line in log_of(watched, "notifications") if line["event"] == "mail.attempted"]
    assert {line["correlation"] for line in mails} == {str(correlation_of(SOURCE, "a-4"))}
    assert all(line["service"] == "notifications" and line["version"] for line in mails)


async def _metrics(watched: Watched, service: str, media: str) -> str:
    port = watched.suite.runtime["services"][service]["port"]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return (await client.get(f"http://127.0.0.1:{port}/metrics", headers={"accept": media})).text


@pytest.mark.timeout(1500)
async def test_no_output_holds_anything_about_a_pupil(
    watched: Watched, alert: dict[str, Any], seen: Collector, relay: ScriptedRelay, tmp_path: Path
) -> None:
    mails = len(relay.taken)
    relay.next("RCPT", f"550 5.1.1 <{MAILBOX}@example.org> unknown", f"450 4.2.1 <{MAILBOX}@example.org> later")
    answers = [
        *await what_schools_get_wrong(watched),
        *await what_people_get_wrong(watched, alert["alert_id"]),
        *await a_parcours(watched, alert["student_id"]),
    ]
    await a_message_nobody_can_read(watched)
    printed = await asyncio.to_thread(import_files, watched, tmp_path)
    other = await watched.send([event(EnrolStudent, "e-2", ine=OTHER_INE), *absences("b", 4, ine=OTHER_INE)])
    assert {verdict["status"] for verdict in other.json()["verdicts"]} == {"accepted"}

    async def told() -> bool:
        return len(relay.taken) > mails and {"refused", "deferred"} <= {
            line["outcome"] for line in log_of(watched, "notifications") if line["event"] == "mail.attempted"
        }

    await eventually(told)

    async def of_the_parcours() -> bool:
        return any("parcours" in str(message["Subject"]).lower() for message in relay.messages())

    await eventually(of_the_parcours)
    pages = await _pages(watched)
    outputs = await all_of(watched)
    told, addresses = await of_commands(watched, tmp_path)
    outputs |= {f"{name}, afterwards": said for name, said in (await all_of(watched)).items()}
    outputs |= told | {
        "answers": said_in(answers),
        "spans": "\n".join(body.decode(errors="replace") for body in seen.bodies),
        "imports": printed,
        "addresses in pages": "\n".join(re.findall(r'(?:href|src|action|hx-[a-z]+)="([^"]*)"', pages)),
    }
    _assert_none(EVERY_CANARY, outputs)
    _assert_none(OF_PUPILS, addresses)
    letters = [f"{message['Subject']} {message['Message-ID']} {message.as_string()}" for message in relay.messages()]
    _assert_none(OF_PUPILS, {"e-mails": "\n".join(letters)})
    assert NAME in pages, "the canaries went where they should: to those in charge of the pupil"


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
