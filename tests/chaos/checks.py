"""What must hold when all is quiet again. Each check yields its complaints with their verdict; none, no fault."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nats.js.api import AckPolicy, ConsumerConfig

from chassis.nats import connect_once
from contracts.catalogue import ALERTS, NOTIFICATIONS, PARCOURS, REGISTER, SCHOOL
from tests.chaos import parcours_verdicts, registered
from tests.chaos.acts import Act
from tests.chaos.ages import Moment
from tests.chaos.house import House
from tests.chaos.load import Load
from tests.chaos.suite import coordinator_of, cpe_of, head_of
from tests.chaos.verdicts import DOUBLED, EARLY, HTTP, INVERTED, LOST, QUARANTINE, VERDICTS, Complaints
from tests.oracle import Standing

OVER = ("lifted", "closed")
_ENDS = ("alerts.AlertLifted.", "alerts.AlertClosed.")
# Streams that are the log of a service, event by event; of REGISTER the last event of each pupil.
LOGS = (SCHOOL.name, ALERTS.name, PARCOURS.name, NOTIFICATIONS.name, REGISTER.name)
SHOWN = 5  # complaints of one kind that are worth printing


@dataclass
class Evidence:
    """What there is to look at, read once."""

    house: House
    load: Load
    verdicts: Mapping[str, int]
    acts: Sequence[Act] = ()
    """What people did about parcours."""
    rebuilt: bool = False
    """Whether streams were made again, so that the times of their messages say nothing."""
    forgotten: bool = False
    """Whether the record was set back, so that mails are known that no journal holds any more."""
    alerts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)
    parcours: dict[str, dict[str, Any]] = field(default_factory=dict)
    captured: Counter[str] = field(default_factory=Counter)
    streams: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    moments: dict[str, list[Moment]] = field(default_factory=dict)

    async def collect(self) -> None:
        """Read everything the checks ask for."""
        suite = self.house.suite
        self.alerts = await asyncio.to_thread(lambda: list(suite.pages("alerts")))
        self.mails = await asyncio.to_thread(lambda: list(suite.pages("mails")))
        self.parcours = await asyncio.to_thread(self._read_parcours)
        self.captured = await asyncio.to_thread(lambda: Counter(suite.captured()))
        await self._read_streams(self.house.nats_url)
        for message_id, copies in self.captured.items():
            self.house.record.add("mail", message_id=message_id, copies=copies)

    @property
    def standing(self) -> list[dict[str, Any]]:
        """Alerts neither lifted nor closed."""
        return [alert for alert in self.alerts if alert["state"] not in OVER]

    @property
    def counted(self) -> dict[Standing, int]:
        """The half-days of each pupil, month and level: those of an alert that a parcours answered count."""
        answered = [alert for alert in self.alerts if alert["state"] == "closed"]
        expected = self.load.expected  # absences that were taken back are not told of a closed alert: it is over
        found = {key: alert["half_days"] for alert in answered if (key := _key(alert)) in expected}
        return found | {_key(alert): alert["half_days"] for alert in self.standing}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the databases of the services, as their owner."""
        return self.house.query(statement)

    def _read_parcours(self) -> dict[str, dict[str, Any]]:
        ids = [each["parcours_id"] for each in self.house.suite.pages("parcours")]
        return {each["parcours_id"]: each for each in self.house.suite.each("parcours", ids)}

    async def _read_streams(self, url: str) -> None:
        """Of each of LOGS, in order: the log position in each message's id, and the event."""
        client = await connect_once(url, "chaos", credentials=self.house.operations)
        js = client.jetstream()
        for name in LOGS:
            messages = self.streams[name] = []
            moments = self.moments[name] = []
            last = (await js.stream_info(name)).state.messages
            # The collector of a heap full of events may take longer between two fetches than the usual five seconds.
            config = ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=600)
            subscription = await js.pull_subscribe("", stream=name, config=config)
            while len(messages) < last:
                for each in await subscription.fetch(1000, timeout=10):
                    event = json.loads(each.data)
                    messages.append((int((each.headers or {})["Nats-Msg-Id"]), event))
                    moments.append(Moment(event["id"], event.get("causationid", ""), each.metadata.timestamp))
            await subscription.unsubscribe()
        await client.close()


def everything_accepted(evidence: Evidence) -> Complaints:
    """No event was refused, by any door, and no sender had an answer it should not have."""
    for verdict, count in evidence.verdicts.items():
        if count and verdict not in ("accepted", "duplicate", "on NATS"):
            yield HTTP, f"{count} answers {verdict}"
    refused = evidence.query("SELECT count(*) FROM intake.refusals")[0][0]
    if refused:
        yield QUARANTINE, f"{refused} refused on the NATS door"


def same_as_the_oracle(evidence: Evidence) -> Complaints:
    """The standing alerts are the oracle's, with its counts, and each has the evidence of its count."""
    expected = evidence.load.expected
    found = evidence.counted
    for key in expected.keys() | found.keys():
        wanted, shown = expected.get(key, 0), found.get(key, 0)
        if wanted != shown:
            verdict = LOST if shown < wanted else DOUBLED
            yield verdict, f"level {key.level} in {key.month}: {shown} half-days, the oracle says {wanted}"
    for alert in evidence.standing:
        counted = len(alert["evidence"]["counted"])
        if counted != alert["half_days"]:
            yield LOST, f"alert {alert['alert_id']}: {alert['half_days']} half-days, {counted} in its evidence"


def no_alert_twice(evidence: Evidence) -> Complaints:
    """One alert at most stands for a pupil, a month and a level: in the read model, and in the event store."""
    shown = Counter((a["student_id"], a["month"], a["level"]) for a in evidence.standing)
    yield from ((DOUBLED, f"shown {count} times: level {key[2]}") for key, count in shown.items() if count > 1)
    raised: dict[str, tuple[str, str, int]] = {}
    for topic, state in evidence.query(
        "SELECT topic, convert_from(state, 'UTF8') FROM alerts.stored_events"
        " WHERE topic LIKE 'alerts.Alert%' ORDER BY notification_id"
    ):
        event = json.loads(state)
        if topic.startswith("alerts.AlertRaised."):
            if event["alert_id"] in raised:
                yield DOUBLED, f"raised twice in the event store: {event['alert_id']}"
            raised[event["alert_id"]] = (event["student_id"], event["month"], event["level"])
        elif topic.startswith(_ENDS) and raised.pop(event["alert_id"], None) is None:
            yield INVERTED, f"ended but not standing in the event store: {event['alert_id']}"
    stored = Counter(raised.values())
    yield from ((DOUBLED, f"stands {count} times in the event store") for count in stored.values() if count > 1)
    if stored != shown:
        yield LOST, "the event store and the read model do not hold the same alerts"


def every_mail_sent(evidence: Evidence) -> Complaints:
    """Of every alert ever raised, everyone to be told was."""
    schools = evidence.load.schools
    sent = defaultdict(set)
    for mail in evidence.mails:
        if mail["state"] != "sent":
            yield LOST, f"mail {mail['mail_id']} is {mail['state']}"
        elif not evidence.captured[mail["message_id"]]:
            yield LOST, f"mail {mail['mail_id']} is sent, and was never captured"
        else:
            sent[mail["alert_id"]].add(mail["actor_id"])
    for alert in evidence.alerts:
        told = {head_of(alert["uai"]), cpe_of(alert["uai"])}
        if alert["level"] == 2:
            told.add(coordinator_of(schools, alert["uai"]))
        if sent[alert["alert_id"]] != told:
            yield LOST, f"alert {alert['alert_id']}: {len(told - sent[alert['alert_id']])} people not told"


def no_mail_twice(evidence: Evidence) -> Complaints:
    """Each mail that arrived is in the journal; one that arrived twice is one we said may be."""
    doubtful = {mail["message_id"] for mail in evidence.mails if mail["doubtful"]}
    known = {mail["message_id"] for mail in evidence.mails}
    for message_id, copies in evidence.captured.items():
        if evidence.forgotten:
            continue  # told before the record was set back, decided and told again
        if message_id not in known:
            yield DOUBLED, f"captured, but in no journal: {message_id}"
        elif copies > 1 and message_id not in doubtful:
            yield DOUBLED, f"captured {copies} times, and nobody says it may be: {message_id}"


def nothing_in_quarantine(evidence: Evidence) -> Complaints:
    """Every message could be handled."""
    kept = json.loads(evidence.house.command("quarantine", "list", "--json"))
    yield from ((QUARANTINE, f"{entry['entry']}: {entry['reason']}") for entry in kept)


def logs_became_streams(evidence: Evidence) -> Complaints:
    """Each stream is its log, in its order: nothing twice, nothing left out, so order is kept for each pupil."""
    for name, messages in evidence.streams.items():
        positions = [position for position, _ in messages]
        disorder = sum(1 for before, after in pairwise(positions) if after <= before)
        if disorder:
            yield INVERTED, f"{name}: {disorder} messages out of order or twice"
        events = Counter((event["source"], event["id"]) for _, event in messages)
        twice = sum(1 for count in events.values() if count > 1)
        if twice:
            yield DOUBLED, f"{name}: {twice} events are there twice"
    ledger = evidence.query("SELECT count(*), max(position) FROM intake.ledger")[0]
    school = evidence.streams[SCHOOL.name]
    if ledger != (len(school), school[-1][0]):
        yield LOST, f"SCHOOL holds {len(school)} facts, the ledger {ledger[0]}"
    accepted = len({(said.fact.source, said.fact.id) for said in evidence.load.sent})
    if ledger[0] != accepted:
        yield (LOST if ledger[0] < accepted else DOUBLED), f"the ledger holds {ledger[0]} facts, {accepted} were sent"
    for schema in ("alerts", "parcours", "notifications"):
        gaps = evidence.query(
            f"SELECT count(*) FROM (SELECT count(*) AS n, max(originator_version) AS last, min(originator_version)"
            f" AS first FROM {schema}.stored_events GROUP BY originator_id) AS each WHERE n <> last OR first <> 1"
        )[0][0]
        if gaps:
            yield LOST, f"{gaps} aggregates of {schema} have gaps in their versions"


def versions_in_order(evidence: Evidence) -> Complaints:
    """What is told of one pupil's file comes in the order in which it was decided, and all of it."""
    for name in (ALERTS.name, PARCOURS.name, NOTIFICATIONS.name):
        told: dict[str, list[int]] = defaultdict(list)
        for _, event in evidence.streams[name]:
            originator, _, version = event["id"].rpartition(".")
            told[originator].append(int(version))
        wrong = sum(1 for versions in told.values() if versions != sorted(set(versions)))
        if wrong:
            yield INVERTED, f"{name}: {wrong} aggregates out of order"


def nothing_before_its_cause(evidence: Evidence) -> Complaints:
    """Nothing is said before what caused it, by the clock of the server that stores both."""
    stored = {moment.id: moment.at for messages in evidence.moments.values() for moment in messages}
    for name, messages in evidence.moments.items():
        early = sum(1 for each in messages if each.caused_by in stored and each.at < stored[each.caused_by])
        if early and not evidence.rebuilt:
            yield EARLY, f"{name}: {early} messages stand before what caused them"


def register_is_told(evidence: Evidence) -> Complaints:
    """REGISTER has of each pupil the line of the register as it stands."""
    lines = evidence.query(
        "SELECT change_seq, student_id::text, ine, uai, last_name, first_name, birth_date::text, class_name"
        " FROM intake.register"
    )
    yield from registered.complaints([registered.Line(*line) for line in lines], evidence.streams[REGISTER.name])


def parcours_are_what_was_done(evidence: Evidence) -> Complaints:
    """Every act on a parcours is where it must be, and nothing else is."""
    stored = evidence.query(
        "SELECT originator_id || '.' || originator_version, convert_from(state, 'UTF8')::json->>'command_id'"
        " FROM parcours.stored_events WHERE topic NOT LIKE 'parcours.Pupil%' AND topic NOT LIKE 'parcours.Forgotten.%'"
    )
    faults = evidence.house.record.lines("fault")
    findings = parcours_verdicts.Findings(
        acts=evidence.acts,
        pages=evidence.parcours,
        stream=[event for _, event in evidence.streams[PARCOURS.name]],
        stored=[(event_id, command) for event_id, command in stored],
        alerts=evidence.alerts,
        mails=evidence.mails,
        schools=evidence.load.schools,
        today=evidence.house.today,
        sure_from=faults[-1]["at"] if evidence.forgotten and faults else 0.0,
    )
    yield from parcours_verdicts.complaints(findings)


CHECKS: tuple[Callable[[Evidence], Complaints], ...] = (
    everything_accepted,
    same_as_the_oracle,
    no_alert_twice,
    every_mail_sent,
    no_mail_twice,
    nothing_in_quarantine,
    logs_became_streams,
    versions_in_order,
    nothing_before_its_cause,
    register_is_told,
    parcours_are_what_was_done,
)


def _key(alert: Mapping[str, Any]) -> Standing:
    return Standing(alert["ine"], alert["month"], alert["level"])


def complaints(evidence: Evidence) -> dict[str, list[str]]:
    """What the checks have to say, by verdict."""
    found: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    for check in CHECKS:
        for verdict, said in check(evidence):
            found[verdict].append(said)
    return found
