"""Alerts, their timeline and early warnings, as a batch of facts leaves them."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import msgspec
from msgspec import Raw

from services.projections import wire
from services.projections.folding import Item


class AlertRow(msgspec.Struct, gc=False):
    """A whole alert, and what its timeline begins with. The fields are the columns of `alerts`, in order."""

    alert_id: str
    attendance_id: str
    student_id: str
    uai: str
    level: int
    month: str
    school_year: str
    state: str
    half_days: int
    reached_on: str
    reached_at: str
    rule: Raw
    tally: Raw
    raised_at: str
    raised_event: str
    raised_half_days: int
    changed_at: str
    act: str | None = None
    act_by: str | None = None
    act_at: str | None = None
    counted_at: str | None = None


class AlertChange(msgspec.Struct, gc=False):
    """What a batch changes in an alert it did not raise; None leaves the column as it is."""

    alert_id: str
    changed_at: str
    state: str | None = None
    half_days: int | None = None
    rule: Raw | None = None
    tally: Raw | None = None
    act: str | None = None
    act_by: str | None = None
    act_at: str | None = None
    counted_at: str | None = None


class Happened(msgspec.Struct, gc=False):
    """A row of `timeline`, its columns in order.

    That it was raised is no row: its alert says so. Nor is a count that changed: of these the alert keeps the last,
    for a reader wants to know where it stands and since when, not each step on the way.
    """

    alert_id: str
    event_id: str
    at: str
    seq: int
    kind: str
    by: str | None = None
    command_id: str | None = None
    half_days: int | None = None
    detail: str | None = None
    on_day: str | None = None


ApproachRow = tuple[str, str, int, str, str, int, Raw, str]
"""A row of `approaching`, its columns in order."""


def _tally(evidence: wire.Evidence) -> Raw:
    """As `AlertEvidenceChanged` has it."""
    return Raw(b'{"counted":%b,"left_out":%b}' % (evidence.counted, evidence.left_out))


Approach = tuple[str, str, int]
"""Who may come near which threshold: pupil, month, level."""


class AlertsFold:
    """Facts of the stream ALERTS, in order, folded into the least that must be written."""

    def __init__(self) -> None:
        self.raised: dict[str, AlertRow] = {}
        self.changed: dict[str, AlertChange] = {}
        self.happened: list[Happened] = []
        self.approached: dict[Approach, wire.Fact[wire.Approached]] = {}
        self.reached: set[Approach] = set()

    def add(self, item: Item) -> None:
        """Take in one fact; one that says nothing to this read model is passed over."""
        data = item.fact.data
        apply = self._APPLY.get(type(data))
        if apply:
            apply(self, item, data)

    def approaching(self) -> Iterator[ApproachRow]:
        """The early warnings of the batch, as rows: most do not last as long as that."""
        for fact in self.approached.values():
            data = fact.data
            yield (
                data.student_id,
                data.month,
                data.level,
                data.uai,
                data.school_year,
                data.half_days,
                data.evidence,
                fact.time,
            )

    def _target(self, alert_id: str) -> AlertRow | AlertChange:
        row = self.raised.get(alert_id) or self.changed.get(alert_id)
        if row is None:
            row = self.changed[alert_id] = AlertChange(alert_id, "")
        return row

    def _approached(self, item: Item, data: wire.Approached) -> None:
        self.approached[data.student_id, data.month, data.level] = item.fact

    def _reached(self, item: Item, data: wire.Reached) -> None:
        fact, approach = item.fact, (data.student_id, data.month, data.level)
        self.approached.pop(approach, None)
        self.reached.add(approach)
        self.changed.pop(data.alert_id, None)
        self.raised[data.alert_id] = AlertRow(
            data.alert_id,
            data.attendance_id,
            data.student_id,
            data.uai,
            data.level,
            data.month,
            data.school_year,
            "raised",
            data.half_days,
            data.reached_on.date,
            data.reached_on.period,
            data.evidence.rule,
            _tally(data.evidence),
            fact.time,
            fact.id,
            data.half_days,
            fact.time,
        )

    def _evidence_changed(self, item: Item, data: wire.EvidenceChanged) -> None:
        fact = item.fact
        for alert_id in data.alert_ids:
            row = self._target(alert_id)
            row.half_days, row.tally = data.half_days, data.tally
            row.changed_at = row.counted_at = fact.time

    def _lifted(self, item: Item, data: wire.Lifted) -> None:
        fact = item.fact
        row = self._target(data.alert_id)
        row.state, row.half_days = "lifted", data.half_days
        row.rule, row.tally = data.evidence.rule, _tally(data.evidence)
        row.changed_at = fact.time
        self.happened.append(
            Happened(
                data.alert_id,
                fact.id,
                fact.time,
                item.seq,
                "lifted",
                half_days=data.half_days,
                detail=data.cause,
            )
        )

    def _acknowledged(self, item: Item, data: wire.Acknowledged) -> None:
        self._act(item, data, "acknowledged")

    def _followed_up(self, item: Item, data: wire.FollowedUp) -> None:
        self._act(item, data, "followed_up", data.kind, data.on)

    def _closed(self, item: Item, data: wire.Closed) -> None:
        self._act(item, data, "closed", data.motive)

    def _act(
        self,
        item: Item,
        data: wire.Acknowledged | wire.FollowedUp | wire.Closed,
        state: str,
        detail: str | None = None,
        on_day: str | None = None,
    ) -> None:
        fact = item.fact
        row = self._target(data.alert_id)
        row.state, row.changed_at = state, fact.time
        row.act, row.act_by, row.act_at = detail or state, data.by, fact.time
        self.happened.append(
            Happened(
                data.alert_id,
                fact.id,
                fact.time,
                item.seq,
                state,
                data.by,
                data.command_id,
                detail=detail,
                on_day=on_day,
            )
        )

    # Of the class: in the instance it would be a cycle, and every batch would stay until the collector comes by.
    _APPLY: ClassVar[dict[type[wire.Data], Callable[["AlertsFold", Item, Any], None]]] = {
        wire.Approached: _approached,
        wire.Reached: _reached,
        wire.EvidenceChanged: _evidence_changed,
        wire.Acknowledged: _acknowledged,
        wire.FollowedUp: _followed_up,
        wire.Lifted: _lifted,
        wire.Closed: _closed,
    }
