"""Each verdict on parcours finds the fault it is there for, and none where all is as it was done."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from tests.chaos import parcours_verdicts as verdicts
from tests.chaos.acts import DONE, REFUSED, UNKNOWN, Act
from tests.chaos.parcours_verdicts import Findings
from tests.chaos.suite import coordinator_of, head_of
from tests.chaos.verdicts import DOUBLED, HTTP, INVERTED, LOST

TODAY = date(2026, 3, 10)
SCHOOLS = ["0319000P"]
UAI, STUDENT, ALERT, PARCOURS = SCHOOLS[0], "pupil", "alert", "parcours"
BY = coordinator_of(SCHOOLS, UAI)
OTHER = "other"
OPENING = {"starts_on": "2026-03-02", "ends_on": "2026-05-29"}


def act(answered: int, name: str, **body: Any) -> Act:
    """One that was done."""
    return Act(name, STUDENT, BY, body, f"key-{answered}", PARCOURS, DONE, DONE, answered, 1000.0 + answered)


def acts() -> list[Act]:
    return [
        act(1, "propose", alert_id=ALERT),
        act(2, "open", **OPENING),
        act(3, "review", held_on="2026-03-05"),
        act(4, "placement", starts_on="2026-03-16", ends_on="2026-03-20"),
        act(5, "extend", ends_on="2026-06-05"),
        act(6, "suspend", since="2026-03-08"),
    ]


FACTS: list[tuple[str, dict[str, Any]]] = [
    ("parcours_proposed", {"alert_id": ALERT}),
    ("parcours_opened", {**OPENING, "alert_id": ALERT}),
    ("review_held", {"held_on": "2026-03-05"}),
    ("placement_planned", {"period": {"first": "2026-03-16", "last": "2026-03-20"}}),
    ("parcours_extended", {"ends_on": "2026-06-05"}),
    ("parcours_suspended", {"since": "2026-03-08"}),
]


def event(version: int, fact: str, said: dict[str, Any], by: str | None = BY, about: str = PARCOURS) -> dict[str, Any]:
    data = {"parcours_id": about, "student_id": STUDENT, "uai": UAI, **said, **({"by": by} if by else {})}
    return {"id": f"{about}.{version}", "type": f"fr.perseverance.parcours.{fact}.v1", "data": data}


def entry(version: int, fact: str, said: dict[str, Any], by: str | None = BY) -> dict[str, Any]:
    at = f"2026-03-09T10:0{version}:00Z"
    return {"event_id": f"{PARCOURS}.{version}", "at": at, "kind": fact, "by": by, "detail": said}


def mails(*templates: str) -> list[dict[str, Any]]:
    people = (BY, head_of(UAI))
    return [{"about_id": PARCOURS, "template": each, "actor_id": who} for each in templates for who in people]


def sound() -> Findings:
    """What is found when nothing went wrong."""
    told = list(enumerate(FACTS, 1))
    page = {
        "state": "suspended",
        "scheme": "TDO",
        "starts_on": "2026-03-02",
        "ends_on": "2026-06-05",
        "next_review_on": "2026-04-07",  # 4 April is a Saturday, 6 April Easter Monday
        "suspended_since": "2026-03-08",
        "outcome": None,
        "closed_on": None,
        "alert_id": ALERT,
        "gauge": {"placement_days": 5, "parcours_days": 96, "most": None},
        "placements": [{"first": "2026-03-16", "last": "2026-03-20"}],
        "timeline": [entry(version, *fact) for version, fact in told],
    }
    return Findings(
        acts=acts(),
        pages={PARCOURS: page},
        stream=[event(version, *fact) for version, fact in told],
        stored=[(f"{PARCOURS}.{version}", f"command-{version}") for version, _ in told],
        alerts=[{"alert_id": ALERT, "student_id": STUDENT, "month": "2026-02", "state": "closed"}],
        mails=mails("parcours_opened"),
        schools=SCHOOLS,
        today=TODAY,
    )


def found(findings: Findings, check: Callable[[Findings], verdicts.Complaints]) -> set[str]:
    return {verdict for verdict, _ in check(findings)}


def test_nothing_is_said_where_all_is_as_it_was_done() -> None:
    assert list(verdicts.complaints(sound())) == []


def test_an_act_done_that_no_history_has_is_lost() -> None:
    findings = sound()
    del findings.stream[2]
    assert found(findings, verdicts.done_once) == {LOST}
    findings.sure_from = 2000.0
    assert found(findings, verdicts.done_once) == set(), "the record was set back since"


def test_an_act_done_twice_is_doubled() -> None:
    findings = sound()
    findings.stream.append(event(7, *FACTS[2]))
    assert found(findings, verdicts.done_once) == {DOUBLED}


@pytest.mark.parametrize(("outcome", "verdict"), [(REFUSED, {DOUBLED}), (UNKNOWN, set())])
def test_a_refused_act_left_nothing_and_one_without_an_answer_may_be_there(outcome: str, verdict: set[str]) -> None:
    findings = sound()
    findings.acts[2].outcome = outcome
    assert found(findings, verdicts.done_once) == verdict


def test_an_act_without_an_answer_is_not_there_twice() -> None:
    findings = sound()
    findings.acts[2].outcome = UNKNOWN
    findings.stream.append(event(7, *FACTS[2]))
    assert found(findings, verdicts.done_once) == {DOUBLED}


def test_what_nobody_asked_for_is_doubled_and_what_was_for_another_one_inverted() -> None:
    findings = sound()
    findings.stream.append(event(7, "review_held", {"held_on": "2026-03-06"}))
    assert found(findings, verdicts.done_once) == {DOUBLED}
    findings = sound()
    findings.acts[2].parcours = OTHER
    assert found(findings, verdicts.done_once) == {INVERTED}


def test_a_history_in_another_order_than_the_answers_is_inverted() -> None:
    findings = sound()
    findings.stream[2], findings.stream[3] = findings.stream[3], findings.stream[2]
    assert found(findings, verdicts.in_the_order_answered) == {INVERTED}


def test_the_stream_holds_the_record_and_a_command_is_obeyed_once() -> None:
    findings = sound()
    findings.stored.append((f"{PARCOURS}.7", "command-7"))
    assert found(findings, verdicts.stream_is_the_record) == {LOST}
    findings = sound()
    findings.stream.append(findings.stream[-1])
    assert found(findings, verdicts.stream_is_the_record) == {DOUBLED}
    findings = sound()
    findings.stored[3] = (findings.stored[3][0], "command-1")
    assert found(findings, verdicts.stream_is_the_record) == {DOUBLED}


def test_a_page_has_the_history_of_the_stream() -> None:
    findings = sound()
    del findings.pages[PARCOURS]["timeline"][3]
    assert found(findings, verdicts.pages_are_the_stream) == {LOST}
    findings = sound()
    findings.pages[PARCOURS]["timeline"][2]["detail"] = {"held_on": "2026-03-06"}
    assert found(findings, verdicts.pages_are_the_stream) == {INVERTED}
    findings = sound()
    findings.pages[PARCOURS]["timeline"].reverse()
    assert found(findings, verdicts.pages_are_the_stream) == {INVERTED}
    findings = sound()
    findings.pages = {}
    assert found(findings, verdicts.pages_are_the_stream) == {LOST}


def test_clocks_of_two_machines_may_order_a_page_otherwise() -> None:
    findings = sound()
    timeline = findings.pages[PARCOURS]["timeline"]
    timeline[2]["at"], timeline[3]["at"] = timeline[3]["at"], timeline[2]["at"]
    timeline[2], timeline[3] = timeline[3], timeline[2]
    assert found(findings, verdicts.pages_are_the_stream) == set()


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("state", "open"),
        ("ends_on", "2026-05-29"),
        ("next_review_on", "2026-04-04"),
        ("suspended_since", None),
        ("alert_id", None),
        ("placements", []),
        ("gauge", {"placement_days": 0, "parcours_days": 96, "most": None}),
    ],
)
def test_a_row_that_is_not_what_was_done_is_found(column: str, wrong: object) -> None:
    findings = sound()
    findings.pages[PARCOURS][column] = wrong
    assert found(findings, verdicts.rows_are_what_was_done) == {LOST}


def test_an_opening_may_bear_the_alert_of_a_proposal_that_was_forgotten() -> None:
    findings = sound()
    del findings.stream[0]
    assert found(findings, verdicts.rows_are_what_was_done) == {LOST}
    findings.sure_from = 2000.0
    assert found(findings, verdicts.rows_are_what_was_done) == set()


def ended() -> Findings:
    """Opened when it was over already: the clock tells at once what was missed, and that it ended."""
    findings = sound()
    opening = {"starts_on": "2026-01-09", "ends_on": "2026-03-08"}
    findings.acts = [Act("begin", STUDENT, BY, opening, "key", "", DONE, DONE, 1, 1000.0)]
    facts = [("parcours_opened", opening, BY), ("review_overdue", {}, None), ("status_expired", {}, None)]
    findings.stream = [event(version, *fact) for version, fact in enumerate(facts, 1)]
    findings.pages[PARCOURS] |= {
        "state": "expired",
        **opening,
        "next_review_on": "2026-02-09",
        "suspended_since": None,
        "alert_id": None,
        "placements": [],
        "gauge": {"placement_days": 0, "parcours_days": 59, "most": None},
        "timeline": [entry(version, *fact) for version, fact in enumerate(facts, 1)],
    }
    findings.stored = [(each["id"], None) for each in findings.stream]
    findings.alerts = []
    overdue = {"about_id": PARCOURS, "template": "review_overdue", "actor_id": BY}
    findings.mails = [*mails("parcours_opened", "status_expired"), overdue]
    return findings


def test_a_day_that_came_is_told_once() -> None:
    assert list(verdicts.complaints(ended())) == []
    findings = ended()
    del findings.stream[2]
    assert found(findings, verdicts.rows_are_what_was_done) == {LOST}
    findings = ended()
    findings.stream.append(event(4, "review_overdue", {}, None))
    assert found(findings, verdicts.rows_are_what_was_done) == {DOUBLED}
    findings = ended()
    findings.pages[PARCOURS]["state"] = "open"
    assert found(findings, verdicts.rows_are_what_was_done) == {LOST}


def test_everybody_who_must_hear_of_it_has_one_mail() -> None:
    findings = sound()
    findings.mails = findings.mails[:1]
    assert found(findings, verdicts.people_are_told) == {LOST}
    findings = sound()
    findings.mails = [*findings.mails, findings.mails[0]]
    assert found(findings, verdicts.people_are_told) == {DOUBLED}
    findings = sound()
    findings.mails = [*findings.mails, *mails("status_expired")]
    assert found(findings, verdicts.people_are_told) == {DOUBLED}


def test_an_alert_is_over_once_a_parcours_answers_it_and_only_then() -> None:
    findings = sound()
    findings.alerts[0]["state"] = "raised"
    assert found(findings, verdicts.alerts_are_answered) == {LOST}
    findings = sound()
    findings.alerts.append({"alert_id": "a2", "student_id": "p2", "month": "2026-02", "state": "closed"})
    assert found(findings, verdicts.alerts_are_answered) == {DOUBLED}


def test_sense_refused_and_nonsense_done_are_wrong_answers() -> None:
    for expected, outcome in ((DONE, REFUSED), (REFUSED, DONE)):
        findings = sound()
        findings.acts[2].expected, findings.acts[2].outcome = expected, outcome
        assert found(findings, verdicts.sense_is_seen) == {HTTP}
        sound_again = deepcopy(findings)
        sound_again.acts[2].outcome = UNKNOWN
        assert found(sound_again, verdicts.sense_is_seen) == set()
