"""Attendance of one pupil in one calendar month: facts in, alerts out. Pure: time and ids come in as arguments.

Rules ABS-11 and ABS-12 (thresholds), AMB-1 to AMB-3 (what is counted), AMB-7 (late justification),
AMB-10 (days with a partner), AMB-11 (change of school).
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID, uuid5

from chassis.events import Aggregate, Event
from contracts.alerts import AlertState, CloseMotive, FollowUp
from services.alerts import events
from services.alerts.counting import tally_of, why_lifted
from services.alerts.events import Fact, FactNoted, Noted, PartnerDays, PartnerDaysNoted, Slot, Status, Tally
from services.alerts.facts import Alert, OpeningSaid, PartnerDaysSaid, Refused, require_plausible
from services.alerts.rules import ThresholdRule, least_count_of, rules_of

_WAITS = frozenset({AlertState.RAISED})
_OPEN = _WAITS | {AlertState.ACKNOWLEDGED, AlertState.FOLLOWED_UP}
_AFTER: Mapping[type[Event], AlertState] = {
    events.Acknowledged: AlertState.ACKNOWLEDGED,
    events.FollowedUp: AlertState.FOLLOWED_UP,
    events.Closed: AlertState.CLOSED,
}
_NONE: Mapping[UUID, PartnerDays] = MappingProxyType({})


class Attendance(Aggregate):
    """A pupil's half-days of a month, and the alerts they led to. The month is what the rules count in."""

    # Files are held by the ten thousand.
    __slots__ = (
        "alerts",
        "approached",
        "commands",
        "count",
        "forgotten",
        "half_days",
        "month",
        "partner_days",
        "standing",
        "student_id",
    )

    PASSED_OVER = frozenset({events.EvidenceChanged.TOPIC})

    def __init__(self, id: UUID) -> None:  # noqa: A002
        super().__init__(id)
        self.student_id: UUID | None = None
        self.month = ""
        self.half_days: dict[Slot, Fact] = {}
        self.partner_days = _NONE
        self.count = 0
        self.alerts: dict[UUID, Alert] = {}
        self.standing: dict[int, Alert] = {}
        self.approached: dict[int, int] = {}
        self.commands: tuple[UUID, ...] = ()
        self.forgotten = False

    # -- what schools and the parcours service say

    def note(self, student_id: UUID, fact: Fact, now: datetime) -> None:
        """Take in a fact; an older or repeated one about the same half-day is ignored."""
        known = self.half_days.get(fact.slot)
        if self.forgotten or (known and known.stamp >= fact.stamp):
            return
        noted = FactNoted(at=now, student_id=student_id, fact=fact)
        self.record(noted)
        self._judge(noted)

    def note_partner_days(self, said: PartnerDaysSaid, now: datetime) -> None:
        """Take in which days are spent with a partner (AMB-10); what is older or tells nothing new is ignored."""
        if self.forgotten or not said.tells_more_than(self.partner_days.get(said.partner_days.parcours_id)):
            return
        before = self.tally()
        noted = PartnerDaysNoted(
            at=now,
            cause=said.message_id,
            correlation=said.correlation,
            student_id=said.student_id,
            partner_days=said.partner_days,
        )
        self.record(noted)
        if self.tally() != before:
            self._judge(noted)

    def forget(self, now: datetime) -> None:
        """The pupil was erased."""
        if self.version and not self.forgotten:
            self.record(events.PupilForgotten(at=now))

    # -- what the rules make of it

    def _judge(self, noted: Noted) -> None:
        if not self.standing and self.count < least_count_of(self.month):
            return
        touched: list[UUID] = []
        for rule in rules_of(self.month):
            alert, short = self.standing.get(rule.level), self.count < rule.threshold
            if alert and short and alert.state in _OPEN:
                self._lift(alert, rule, noted)
            elif alert:
                # What people closed stays closed; why it was raised is told as it is now, once more if it lapses.
                touched.append(alert.id)
                if short:
                    self.record(events.StandingLapsed(at=noted.at, alert_id=alert.id, level=alert.level))
            elif not short:
                self._raise(rule, noted)
            if self._comes_near(rule):
                self._approach(rule, noted)
        if touched:
            self._record_about(noted, events.EvidenceChanged, month=self.month, alert_ids=touched)

    def _comes_near(self, rule: ThresholdRule) -> bool:
        warned = rule.level in self.approached or rule.level in self.standing
        return self.count >= rule.approached_at and not warned

    def _approach(self, rule: ThresholdRule, noted: Noted) -> None:
        self._record_about(
            noted,
            events.Approached,
            month=self.month,
            level=rule.level,
            uai=self.tally().uai,
            at_count=rule.approached_at,
            rule=rule.used,
        )

    def _raise(self, rule: ThresholdRule, noted: Noted) -> None:
        tally = self.tally()
        times = sum(1 for each in self.alerts.values() if each.level == rule.level)
        self._record_about(
            noted,
            events.Raised,
            alert_id=uuid5(self.id, f"{rule.level}/{times + 1}"),
            month=self.month,
            level=rule.level,
            uai=tally.uai,
            reached_on=tally.counted[rule.threshold - 1].slot,
            rule=rule.used,
        )

    def _lift(self, alert: Alert, rule: ThresholdRule, noted: Noted) -> None:
        self._record_about(
            noted,
            events.Lifted,
            alert_id=alert.id,
            level=alert.level,
            why=why_lifted(noted, self.partner_days.values()),
            rule=rule.used,
        )

    def _record_about(self, noted: Noted, event: Callable[..., Event], **said: Any) -> None:
        self.record(
            event(
                at=noted.at,
                cause=noted.message_id,
                correlation=noted.follows_from,
                student_id=self.student_id,
                tally=self.tally(),
                **said,
            )
        )

    def tally(self) -> Tally:
        """The half-days of the month, in order: those that count, those that do not."""
        return tally_of(self.half_days, self.partner_days.values())

    # -- what people do

    def acknowledge(self, alert_id: UUID, by: str, command_id: UUID, now: datetime) -> AlertState:
        """Take an alert in charge. Raises Refused unless it waits for that."""
        alert = self._alert(alert_id)
        if command_id not in self.commands:
            alert.require_waiting()
            self._act(events.Acknowledged, alert, by, command_id, now, also=_WAITS)
        return alert.state

    def follow_up(
        self, alert_id: UUID, kind: FollowUp, on: date, by: str, command_id: UUID, now: datetime, today: date
    ) -> AlertState:
        """Record an action taken on day `on`. Raises Refused for a day to come or an alert that is over."""
        alert = self._alert(alert_id)
        if command_id not in self.commands:
            alert.require_open()
            require_plausible(on, self.month, today)
            self._act(events.FollowedUp, alert, by, command_id, now, kind=kind.value, on=on)
        return alert.state

    def close(self, alert_id: UUID, motive: CloseMotive, by: str, command_id: UUID, now: datetime) -> AlertState:
        """Close an alert with a motive. Raises Refused when it is over already."""
        alert = self._alert(alert_id)
        if command_id not in self.commands:
            alert.require_open()
            self._act(events.Closed, alert, by, command_id, now, motive=motive.value)
        return alert.state

    def answer(self, said: OpeningSaid, now: datetime) -> None:
        """A parcours was opened from an alert: that answers every alert of its school and month still open."""
        named = None if self.forgotten else self.alerts.get(said.alert_id)
        for alert in self.alerts.values():
            if named and alert.uai == named.uai and alert.state in _OPEN:
                self._record_act(
                    events.Closed,
                    alert,
                    cause=said.message_id,
                    correlation=said.correlation,
                    at=now,
                    by=said.by,
                    command_id=said.command_id,
                    motive=CloseMotive.PARCOURS_OPENED.value,
                )

    def _alert(self, alert_id: UUID) -> Alert:
        if self.forgotten:
            raise Refused("pupil_erased", "Les données de cet élève ont été effacées.")
        if alert_id not in self.alerts:
            raise Refused("unknown_alert", "Cette alerte n’existe pas.")
        return self.alerts[alert_id]

    def _act(
        self,
        event: Callable[..., Event],
        alert: Alert,
        by: str,
        command_id: UUID,
        now: datetime,
        also: frozenset[AlertState] = _OPEN,
        **said: Any,
    ) -> None:
        """What is done about an alert is done about those of lower level too, of the same absences: `also` which."""
        how = {"at": now, "by": by, "command_id": command_id, "cause": str(command_id), "correlation": command_id}
        lower = [each for each in self.alerts.values() if each.is_answered_with(alert) and each.state in also]
        for each in (alert, *lower):
            self._record_act(event, each, **how, **said)

    def _record_act(self, event: Callable[..., Event], alert: Alert, **said: Any) -> None:
        self.record(event(alert_id=alert.id, student_id=self.student_id, **said))

    # -- what each event changes

    def apply(self, event: Event) -> None:
        """Let `event` change the state."""
        self._CHANGES[type(event)](self, event)

    def _noted(self, event: FactNoted) -> None:
        fact = event.fact
        if not self.month:
            self.student_id, self.month = event.student_id, fact.slot.month
        before = self.half_days.get(fact.slot)
        self.half_days[fact.slot] = fact
        if self.partner_days:
            self.count = len(self.tally().counted)
        else:
            self.count += fact.status is Status.UNJUSTIFIED
            self.count -= before is not None and before.status is Status.UNJUSTIFIED
        if self.approached:
            self._keep_approached()

    def _noted_partner_days(self, event: PartnerDaysNoted) -> None:
        said = event.partner_days
        if not self.month:
            self.student_id, self.month = event.student_id, said.month
        self.partner_days = {**self.partner_days, said.parcours_id: said}
        self.count = len(self.tally().counted)
        self._keep_approached()

    def _keep_approached(self) -> None:
        self.approached = {level: reach for level, reach in self.approached.items() if self.count >= reach}

    def _has_approached(self, event: events.Approached) -> None:
        self.approached[event.level] = event.at_count

    def _raised(self, event: events.Raised) -> None:
        alert = Alert(event.alert_id, event.level, AlertState.RAISED, event.uai)
        self.alerts[alert.id] = self.standing[event.level] = alert
        # Once the alert is lifted, whoever is still near is warned of anew, with what counts by then.
        self.approached.pop(event.level, None)

    def _lifted(self, event: events.Lifted) -> None:
        self.alerts[event.alert_id].state = AlertState.LIFTED
        del self.standing[event.level]

    def _lapsed(self, event: events.StandingLapsed) -> None:
        del self.standing[event.level]

    def _acted(self, event: events.Acknowledged | events.FollowedUp | events.Closed) -> None:
        self.alerts[event.alert_id].state = _AFTER[type(event)]
        self.commands += (event.command_id,)

    def _forgot(self, _: events.PupilForgotten) -> None:
        self.forgotten = True
        self.half_days.clear()
        self.partner_days = _NONE

    def _unchanged(self, _: Event) -> None:
        pass

    _CHANGES: ClassVar[dict[type[Event], Callable[[Any, Any], None]]] = {
        FactNoted: _noted,
        PartnerDaysNoted: _noted_partner_days,
        events.Approached: _has_approached,
        events.Raised: _raised,
        events.EvidenceChanged: _unchanged,
        events.Lifted: _lifted,
        events.StandingLapsed: _lapsed,
        **dict.fromkeys(_AFTER, _acted),
        events.PupilForgotten: _forgot,
    }
