"""What must hold of parcours when all is quiet again. Each check yields its complaints; none, no fault."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from tests.chaos import parcours_oracle
from tests.chaos.acts import DONE, REFUSED, Act, Said, understood
from tests.chaos.suite import coordinator_of, head_of
from tests.chaos.verdicts import DOUBLED, HTTP, INVERTED, LOST, Complaints


class Told(NamedTuple):
    """A fact of a parcours, from a stream or from a page. `said`: None when nobody did it."""

    event_id: str
    fact: str
    said: Said | None


@dataclass
class Findings:
    """What people did, and what there is of it.

    `pages`: each parcours as the API shows it; `stream`: the events of PARCOURS, in order; `stored`: of each event of
    the record that is told to others, its id and the command it came of. `alerts`: each as the API lists it; `mails`:
    the journal. `sure_from`: acts answered before, in seconds since 1970, may be forgotten.
    """

    acts: Sequence[Act]
    pages: Mapping[str, Mapping[str, Any]]
    stream: Sequence[Mapping[str, Any]]
    stored: Sequence[tuple[str, str | None]]
    alerts: Sequence[Mapping[str, Any]]
    mails: Sequence[Mapping[str, Any]]
    schools: Sequence[str]
    today: date
    sure_from: float = 0.0

    @cached_property
    def told(self) -> Mapping[str, list[Told]]:
        """What the stream tells of each parcours, in order; the days with a partner are of no page."""
        found: dict[str, list[Told]] = defaultdict(list)
        for event in self.stream:
            fact, data = event["type"].split(".")[-2], event["data"]
            if "parcours_id" in data and fact != "partner_days_changed":
                found[data["parcours_id"]].append(Told(event["id"], fact, understood(fact, data.get("by", ""), data)))
        return found

    @cached_property
    def students(self) -> Mapping[str, str]:
        """Whose each parcours is, as the stream tells it."""
        data = (event["data"] for event in self.stream)
        return {said["parcours_id"]: said["student_id"] for said in data if "parcours_id" in said}

    @cached_property
    def acts_of(self) -> Mapping[str, list[Act | None]]:
        """Of each parcours, the acts its facts come of, in their order; None where nobody asked for one."""
        asked = {(act.student, act.said): act for act in self.acts}
        found: dict[str, list[Act | None]] = defaultdict(list)
        for parcours_id, facts in self.told.items():
            found[parcours_id] = [asked.get((self.students[parcours_id], each.said)) for each in facts if each.said]
        return found


def done_once(findings: Findings) -> Complaints:
    """An act that was done is told once, one refused not at all, one without an answer once at most."""
    times = Counter(id(act) for acts in findings.acts_of.values() for act in acts if act)
    for act in findings.acts:
        found = times[id(act)]
        if act.outcome == DONE and not found and act.answered_at >= findings.sure_from:
            yield LOST, f"{act.name}, done with the key {act.key}, is in no history"
        elif act.outcome == REFUSED and found:
            yield DOUBLED, f"{act.name}, refused with the key {act.key}, is in a history"
        elif found > 1:
            yield DOUBLED, f"{act.name} with the key {act.key} is {found} times in histories"
    for parcours_id, acts in findings.acts_of.items():
        if None in acts:
            yield DOUBLED, f"parcours {parcours_id}: {acts.count(None)} facts that nobody asked for"
        strangers = sum(1 for act in acts if act and act.parcours and act.parcours != parcours_id)
        if strangers:
            yield INVERTED, f"parcours {parcours_id}: {strangers} facts that were asked for about another one"


def in_the_order_answered(findings: Findings) -> Complaints:
    """The history of a parcours has its acts in the order in which they were answered to be done."""
    for parcours_id, acts in findings.acts_of.items():
        answered = [act.answered for act in acts if act and act.outcome == DONE]
        if answered != sorted(answered):
            yield INVERTED, f"parcours {parcours_id}: acts out of order"


def stream_is_the_record(findings: Findings) -> Complaints:
    """What the event store holds is told, all of it, and nothing else; a command is obeyed once."""
    stored = Counter(event_id for event_id, _ in findings.stored)
    told = Counter(event["id"] for event in findings.stream)
    if missing := (stored - told).total():
        yield LOST, f"PARCOURS: {missing} events of the store are not there"
    if more := (told - stored).total():
        yield DOUBLED, f"PARCOURS: {more} events that the store does not hold"
    commands = Counter(command for _, command in findings.stored if command)
    yield from ((DOUBLED, f"command {each} obeyed {n} times") for each, n in commands.items() if n > 1)


def pages_are_the_stream(findings: Findings) -> Complaints:
    """A page has the history the stream tells, in its order unless the clocks of machines said another."""
    for parcours_id in findings.told.keys() | findings.pages.keys():
        page = findings.pages.get(parcours_id)
        if page is None:
            yield LOST, f"parcours {parcours_id} has no page"
            continue
        timeline = page["timeline"]
        at = [(datetime.fromisoformat(entry["at"]), _version(entry["event_id"])) for entry in timeline]
        if at != sorted(at):
            yield INVERTED, f"parcours {parcours_id}: its page is out of order"
        shown = [
            Told(entry["event_id"], entry["kind"], understood(entry["kind"], entry["by"] or "", entry["detail"]))
            for entry in sorted(timeline, key=lambda entry: _version(entry["event_id"]))
        ]
        told = findings.told.get(parcours_id, [])
        if shown != told:
            verdict = LOST if len(shown) < len(told) else DOUBLED if len(shown) > len(told) else INVERTED
            yield verdict, f"parcours {parcours_id}: its page tells {len(shown)} facts, the stream {len(told)}"


def rows_are_what_was_done(findings: Findings) -> Complaints:
    """A parcours is shown as the acts in its history leave it, and a day that came is told once."""
    for parcours_id, page in findings.pages.items():
        acts = [act for act in findings.acts_of.get(parcours_id, []) if act]
        expected = parcours_oracle.replay(acts, findings.today)
        wanted = vars(expected) | {"scheme": "TDO"}
        if findings.sure_from:
            # Until read models are made again pages show proposals that are forgotten; an opening takes their alert.
            del wanted["alert_id"]
        placements = [(each["first"], each["last"]) for each in page["placements"]]
        for name, value in wanted.items():
            shown = placements if name == "placements" else page[name]
            if shown != value:
                yield LOST, f"parcours {parcours_id}: {name} is {shown}, what was done says {value}"
        facts = Counter(each.fact for each in findings.told.get(parcours_id, []))
        for fact, (least, most) in parcours_oracle.by_the_clock(expected, findings.today).items():
            if not least <= facts[fact] <= most:
                verdict = LOST if facts[fact] < least else DOUBLED
                yield verdict, f"parcours {parcours_id}: {facts[fact]} times {fact}, {least} to {most} expected"


def people_are_told(findings: Findings) -> Complaints:
    """Of each fact people must hear of there is one e-mail for each of them."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    for event in findings.stream:
        fact, data = event["type"].split(".")[-2], event["data"]
        wanted.update((data["parcours_id"], fact, who) for who in _hearing(fact, data["uai"], findings.schools))
    about = {parcours_id for parcours_id, _, _ in wanted} | findings.pages.keys()
    found = Counter(
        (mail["about_id"], mail["template"], mail["actor_id"]) for mail in findings.mails if mail["about_id"] in about
    )
    for (parcours_id, fact, _), count in (wanted - found).items():
        yield LOST, f"parcours {parcours_id}: {count} e-mails {fact} missing"
    for (parcours_id, fact, _), count in (found - wanted).items():
        yield DOUBLED, f"parcours {parcours_id}: {count} e-mails {fact} too many"


def alerts_are_answered(findings: Findings) -> Complaints:
    """An alert that a parcours was opened from is over, and none is closed for that reason otherwise."""
    opened = [event["data"] for event in findings.stream if event["type"].endswith(".parcours_opened.v1")]
    named = {data["alert_id"] for data in opened if data.get("alert_id")}
    waiting = sum(
        1 for each in findings.alerts if each["alert_id"] in named and each["state"] not in ("closed", "lifted")
    )
    if waiting and not findings.sure_from:
        yield LOST, f"{waiting} alerts wait although a parcours answers them"
    months = {(each["student_id"], each["month"]) for each in findings.alerts if each["alert_id"] in named}
    closed = {(each["student_id"], each["month"]) for each in findings.alerts if each["state"] == "closed"}
    if without := len(closed - months):
        yield DOUBLED, f"alerts of {without} months are closed without a parcours"


def sense_is_seen(findings: Findings) -> Complaints:
    """What makes sense is done, what does not is refused; nothing is sure once the record was set back."""
    if findings.sure_from:
        return
    for act in findings.acts:
        if act.expected and act.outcome in (DONE, REFUSED) and act.outcome != act.expected:
            yield HTTP, f"{act.name} with the key {act.key} was {act.outcome}"


CHECKS = (
    done_once,
    in_the_order_answered,
    stream_is_the_record,
    pages_are_the_stream,
    rows_are_what_was_done,
    people_are_told,
    alerts_are_answered,
    sense_is_seen,
)


def complaints(findings: Findings) -> Complaints:
    """What all of them have to say."""
    for check in CHECKS:
        yield from check(findings)


def _hearing(fact: str, uai: str, schools: Sequence[str]) -> Iterator[str]:
    """Who is told of it, of those whom the directory of an experiment holds."""
    if fact in ("parcours_opened", "status_expired", "review_overdue"):
        yield coordinator_of(schools, uai)
        if fact != "review_overdue":
            yield head_of(uai)


def _version(event_id: str) -> int:
    return int(event_id.rpartition(".")[2])
