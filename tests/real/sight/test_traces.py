"""Whole traces: from each way in, to what came of it."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.nats import connect_once
from contracts import parcours_commands
from contracts.commands import AcknowledgeAlert
from contracts.envelope import correlation_of
from contracts.examples import parcours_command
from services.projections.acts import command_id_of
from tests.real.cli.running import perseverance
from tests.real.eventually import eventually
from tests.real.sight.collector import Collector, Seen
from tests.real.sight.school import HEAD, INE, OWN_TRACE, REQUEST_TRACE, SOURCE, UAI, Watched, absences

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

WHOLE = {"intake.accept", "alerts.handle", "notifications.handle", "notifications.mail", "projections.fold"}


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


async def test_the_span_at_the_door_is_linked_to_what_the_sender_traced(alert: Any, seen: Collector) -> None:
    """An event's own wins over the request's; our trace keeps its id, and nothing after the door knows theirs."""

    for event_id, theirs in (("a-2", REQUEST_TRACE), ("a-3", OWN_TRACE)):
        first, *others = await _trace(seen, correlation_of(SOURCE, event_id), "intake.accept", "alerts.handle")
        assert first.links == [theirs]
        assert not any(span.links for span in others)
    assert not seen.trace(OWN_TRACE) + seen.trace(REQUEST_TRACE)


async def test_an_event_by_the_door_on_nats_begins_a_trace(watched: Watched, alert: Any, seen: Collector) -> None:
    (sent,) = absences("n", 1)
    client = await connect_once(watched.found.nats_url, "a system of a school")
    await client.jetstream().publish("intake.raw.vs", json.dumps(sent).encode())
    await client.close()
    spans = await _trace(seen, correlation_of(SOURCE, "n-1"), "intake.accept", "alerts.handle")
    assert spans[0].attributes["perseverance.door"] == "nats"
    assert spans[0].attributes["perseverance.sender"] == "vs"


async def test_a_row_of_a_file_begins_a_trace(watched: Watched, alert: Any, seen: Collector, tmp_path: Path) -> None:
    file = tmp_path / "absences.csv"
    file.write_text(f"ine;uai;date;demi_journee;justifiee;motif\n{INE};{UAI};06/10/2025;M;N;\n")
    imported = await asyncio.to_thread(
        perseverance,
        watched.suite.data,
        *("import", "absences", str(file)),
        environment={"OTEL_EXPORTER_OTLP_ENDPOINT": seen.url, "NO_PROXY": "127.0.0.1"},
    )
    assert imported.returncode == 0, imported.stderr
    (accepted,) = seen.named("intake.accept", door="file")
    assert accepted.service == "intake"
    await _trace(seen, UUID(accepted.trace), "intake.accept", "alerts.handle")


async def test_a_deadline_that_falls_due_begins_a_trace(watched: Watched, seen: Collector) -> None:
    """A delay of last year: its end is due at once."""
    command = parcours_command(parcours_commands.StartDelay, command_id=uuid4(), uai=UAI, since=date(2025, 9, 8))
    async with watched.acting_as("projections") as projections:
        await projections.publish(command.SUBJECT, command.model_dump_json().encode())
        await projections.flush()

    async def shown() -> list[Seen]:
        return seen.named("projections.fold", fact="delay_reached")

    (row,) = await eventually(shown)
    first, *_ = await _trace(seen, UUID(row.trace), "parcours.alarm", "projections.fold")
    assert (first.name, first.parent) == ("parcours.alarm", "")


async def _trace(seen: Collector, trace: UUID, *way: str) -> list[Seen]:
    """The spans of a trace, once one of them came about this way."""

    async def arrived() -> bool:
        spans = seen.trace(trace)
        return any(_way_to(spans, span) == list(way) for span in spans)

    await eventually(arrived)
    return seen.trace(trace)


def _way_to(spans: list[Seen], span: Seen) -> list[str]:
    """The names from where the trace begins to `span`."""
    known = {each.id: each for each in spans}
    way = [span]
    while way[0].parent in known:
        way.insert(0, known[way[0].parent])
    return [each.name for each in way]
