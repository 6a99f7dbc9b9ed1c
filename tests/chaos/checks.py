"""What must hold when all is quiet again. Each check returns its complaints; no complaint, no fault."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import nats
import psycopg
from nats.js.api import AckPolicy, ConsumerConfig

from contracts.catalogue import ALERTS, NOTIFICATIONS, SCHOOL
from tests.chaos.load import Load
from tests.chaos.suite import Suite, command, coordinator_of, cpe_of, head_of
from tests.oracle import Standing

OVER = ("lifted", "closed")
LOGS = (SCHOOL.name, ALERTS.name, NOTIFICATIONS.name)  # streams that are the log of a service, event by event
SHOWN = 5  # complaints of one kind that are worth printing


@dataclass
class Evidence:
    """What there is to look at, read once."""

    suite: Suite
    load: Load
    verdicts: Mapping[str, int]
    alerts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)
    captured: Counter[str] = field(default_factory=Counter)
    streams: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)

    def collect(self) -> None:
        """Read everything the checks ask for."""
        self.alerts = list(self.suite.pages("alerts"))
        self.mails = list(self.suite.pages("mails"))
        self.captured = Counter(self.suite.captured())
        self.streams = asyncio.run(_read_streams(self.suite.runtime["nats_url"]))

    @property
    def standing(self) -> list[dict[str, Any]]:
        """Alerts neither lifted nor closed."""
        return [alert for alert in self.alerts if alert["state"] not in OVER]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the databases of the services, as their owner."""
        with psycopg.connect(self.suite.runtime["database_url"]) as connection:
            return connection.execute(statement).fetchall()


async def _read_streams(url: str) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Of each of LOGS, in order: the log position in each message's id, and the event."""
    client = await nats.connect(url)
    js = client.jetstream()
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for name in LOGS:
        messages = found[name] = []
        last = (await js.stream_info(name)).state.messages
        config = ConsumerConfig(ack_policy=AckPolicy.NONE)
        subscription = await js.pull_subscribe("", stream=name, config=config)
        while len(messages) < last:
            fetched = await subscription.fetch(1000, timeout=10)
            messages += [(int((each.headers or {})["Nats-Msg-Id"]), json.loads(each.data)) for each in fetched]
        await subscription.unsubscribe()
    await client.close()
    return found


def everything_accepted(evidence: Evidence) -> Iterator[str]:
    """No event was refused, by any door."""
    for verdict, count in evidence.verdicts.items():
        if count and verdict not in ("accepted", "duplicate", "on NATS"):
            yield f"{count} answers {verdict}"
    refused = evidence.query("SELECT count(*) FROM intake.refusals")[0][0]
    if refused:
        yield f"{refused} refused on the NATS door"


def same_as_the_oracle(evidence: Evidence) -> Iterator[str]:
    """The standing alerts are the oracle's, with its counts, and each has the evidence of its count."""
    expected = evidence.load.expected
    found = {Standing(a["ine"], a["month"], a["level"]): a["half_days"] for a in evidence.standing}
    for key in expected.keys() | found.keys():
        if expected.get(key) != found.get(key):
            yield f"level {key.level} in {key.month}: {found.get(key)} half-days, the oracle says {expected.get(key)}"
    for alert in evidence.standing:
        counted = len(alert["evidence"]["counted"])
        if counted != alert["half_days"]:
            yield f"alert {alert['alert_id']}: {alert['half_days']} half-days, {counted} in its evidence"


def no_alert_twice(evidence: Evidence) -> Iterator[str]:
    """One alert at most stands for a pupil, a month and a level: in the read model, and in the event store."""
    shown = Counter((a["student_id"], a["month"], a["level"]) for a in evidence.standing)
    yield from (f"shown {count} times: level {key[2]} in {key[1]}" for key, count in shown.items() if count > 1)
    raised: dict[str, tuple[str, str, int]] = {}
    for topic, state in evidence.query(
        "SELECT topic, convert_from(state, 'UTF8') FROM alerts.stored_events"
        " WHERE topic LIKE 'alerts.Alert%' ORDER BY notification_id"
    ):
        event = json.loads(state)
        if topic.startswith("alerts.AlertRaised."):
            if event["alert_id"] in raised:
                yield f"raised twice in the event store: {event['alert_id']}"
            raised[event["alert_id"]] = (event["student_id"], event["month"], event["level"])
        elif topic.startswith("alerts.AlertLifted.") and raised.pop(event["alert_id"], None) is None:
            yield f"lifted but not standing in the event store: {event['alert_id']}"
    stored = Counter(raised.values())
    yield from (f"stands {count} times in the event store" for count in stored.values() if count > 1)
    if stored != shown:
        yield "the event store and the read model do not hold the same alerts"


def every_mail_sent(evidence: Evidence) -> Iterator[str]:
    """Of every alert ever raised, everyone to be told was; a mail captured twice is one we said may be."""
    schools = evidence.load.schools
    sent = defaultdict(set)
    for mail in evidence.mails:
        if mail["state"] != "sent":
            yield f"mail {mail['mail_id']} is {mail['state']}"
        elif not evidence.captured[mail["message_id"]]:
            yield f"mail {mail['mail_id']} is sent, and was never captured"
        else:
            sent[mail["alert_id"]].add(mail["actor_id"])
    for alert in evidence.alerts:
        told = {head_of(alert["uai"]), cpe_of(alert["uai"])}
        if alert["level"] == 2:
            told.add(coordinator_of(schools, alert["uai"]))
        if sent[alert["alert_id"]] != told:
            yield f"alert {alert['alert_id']}: {len(told - sent[alert['alert_id']])} people not told"
    doubtful = {mail["message_id"] for mail in evidence.mails if mail["doubtful"]}
    known = {mail["message_id"] for mail in evidence.mails}
    for message_id, copies in evidence.captured.items():
        if message_id not in known:
            yield f"captured, but in no journal: {message_id}"
        elif copies > 1 and message_id not in doubtful:
            yield f"captured {copies} times, and nobody says it may be: {message_id}"


def nothing_in_quarantine(evidence: Evidence) -> Iterator[str]:
    """Every message could be handled."""
    kept = json.loads(command(evidence.suite.data, "quarantine", "list", "--json"))
    yield from (f"{entry['entry']}: {entry['reason']}" for entry in kept)


def logs_became_streams(evidence: Evidence) -> Iterator[str]:
    """Each stream is its log, in its order: nothing twice, nothing left out, so order is kept for each pupil."""
    for name, messages in evidence.streams.items():
        positions = [position for position, _ in messages]
        disorder = sum(1 for before, after in pairwise(positions) if after <= before)
        if disorder:
            yield f"{name}: {disorder} messages out of order or twice"
        events = Counter((event["source"], event["id"]) for _, event in messages)
        twice = sum(1 for count in events.values() if count > 1)
        if twice:
            yield f"{name}: {twice} events are there twice"
    ledger = evidence.query("SELECT count(*), max(position) FROM intake.ledger")[0]
    school = evidence.streams[SCHOOL.name]
    if ledger != (len(school), school[-1][0]):
        yield f"SCHOOL holds {len(school)} facts, the ledger {ledger[0]}"
    accepted = len({(said.fact.source, said.fact.id) for said in evidence.load.sent})
    if ledger[0] != accepted:
        yield f"the ledger holds {ledger[0]} facts, {accepted} were sent"
    for schema in ("alerts", "notifications"):
        gaps = evidence.query(
            f"SELECT count(*) FROM (SELECT count(*) AS n, max(originator_version) AS last, min(originator_version)"
            f" AS first FROM {schema}.stored_events GROUP BY originator_id) AS each WHERE n <> last OR first <> 1"
        )[0][0]
        if gaps:
            yield f"{gaps} aggregates of {schema} have gaps in their versions"


def versions_in_order(evidence: Evidence) -> Iterator[str]:
    """What is told of one pupil's file comes in the order in which it was decided, and all of it."""
    for name, schema in (("ALERTS", "alerts"), ("NOTIFICATIONS", "notifications")):
        told: dict[str, list[int]] = defaultdict(list)
        for _, event in evidence.streams[name]:
            originator, _, version = event["id"].rpartition(".")
            told[originator].append(int(version))
        wrong = sum(1 for versions in told.values() if versions != sorted(set(versions)))
        if wrong:
            yield f"{name}: {wrong} aggregates out of order in {schema}"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    everything_accepted,
    same_as_the_oracle,
    no_alert_twice,
    every_mail_sent,
    nothing_in_quarantine,
    logs_became_streams,
    versions_in_order,
)


def complaints(evidence: Evidence) -> dict[str, list[str]]:
    """What each check has to say."""
    evidence.collect()
    return {check.__name__.replace("_", " "): list(check(evidence)) for check in CHECKS}
