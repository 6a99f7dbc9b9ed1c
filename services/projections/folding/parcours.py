"""Parcours, their placements and their timeline, as a batch of facts leaves them; delays beside."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from services.projections import wire_parcours as wire
from services.projections.folding import Item
from services.projections.folding.delays import DelaysFold
from services.projections.folding.timelines import Entry, entry
from services.projections.wire_parts import Data


class ParcoursRow(msgspec.Struct, gc=False):
    """A whole parcours. The fields are the columns of `parcours`, in order."""

    parcours_id: str
    student_id: str
    uai: str
    scheme: str
    state: str
    began_at: str
    changed_at: str
    proposed_at: str | None = None
    opened_at: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    last_day: str | None = None
    next_review_on: str | None = None
    suspended_since: str | None = None
    alert_id: str | None = None
    gpds_on: str | None = None
    referent_id: str | None = None
    partners: tuple[str, ...] = ()
    placement_days: int | None = None
    parcours_days: int | None = None
    most_placement_days: int | None = None
    cautions: tuple[str, ...] = ()
    rule: Raw | None = None
    outcome: str | None = None
    closed_on: str | None = None


class ParcoursChange(msgspec.Struct, gc=False):
    """What a batch changes in a parcours it did not begin; None leaves the column as it is.

    `partners` are added to those there were. A review may leave none to hold: `reviewed` tells it from no review.
    """

    parcours_id: str
    changed_at: str
    state: str | None = None
    suspended_since: str | None = None
    ends_on: str | None = None
    reviewed: bool = False
    next_review_on: str | None = None
    referent_id: str | None = None
    partners: tuple[str, ...] = ()
    placement_days: int | None = None
    parcours_days: int | None = None
    most_placement_days: int | None = None
    cautions: tuple[str, ...] | None = None
    outcome: str | None = None
    closed_on: str | None = None


_Target = ParcoursRow | ParcoursChange


class ParcoursFold:
    """Facts of the stream PARCOURS, in order, folded into the least that must be written.

    A placement that was cancelled has None for its days. `touched`: the schools it is about.
    """

    def __init__(self) -> None:
        self.begun: dict[str, ParcoursRow] = {}
        self.changed: dict[str, ParcoursChange] = {}
        self.placements: dict[tuple[str, str], wire.Span | None] = {}
        self.happened: list[Entry] = []
        self.delays = DelaysFold()
        self.touched: set[str] = set()

    def add(self, item: Item) -> None:
        """Take in one fact; one that says nothing to this read model is passed over."""
        data = item.fact.data
        kind = wire.PARCOURS_KINDS.get(type(data))
        if kind is None:
            self.delays.add(item)
            return
        self.touched.add(data.uai)
        if isinstance(data, wire.Proposed):
            self._proposed(item.fact.time, data)
        elif isinstance(data, wire.Opened):
            self._opened(item.fact.time, data)
        else:
            row = self._target(data.parcours_id)
            _CHANGES[type(data)](row, data)
            if isinstance(data, (wire.Placed, wire.PlacementCancelled)):
                period = data.period if isinstance(data, wire.Placed) else None
                self.placements[data.parcours_id, data.placement_id] = period
            row.changed_at = item.fact.time
        self.happened.append(entry(data.parcours_id, item, kind))

    def _target(self, parcours_id: str) -> _Target:
        row = self.begun.get(parcours_id) or self.changed.get(parcours_id)
        if row is None:
            row = self.changed[parcours_id] = ParcoursChange(parcours_id, "")
        return row

    def _proposed(self, at: str, data: wire.Proposed) -> None:
        row = self._begin(at, data)
        row.state, row.proposed_at = "proposed", at
        row.alert_id, row.gpds_on = data.alert_id, data.gpds_on

    def _opened(self, at: str, data: wire.Opened) -> None:
        row = self._begin(at, data)
        _to(row, "open")
        row.opened_at = at
        row.starts_on, row.ends_on, row.last_day = data.starts_on, data.ends_on, data.last_day
        row.next_review_on = data.next_review_on
        row.alert_id, row.gpds_on = data.alert_id or row.alert_id, data.gpds_on or row.gpds_on
        row.rule, row.cautions = data.rule, data.cautions
        _measured(row, data.gauge)

    def _begin(self, at: str, data: wire.Act) -> ParcoursRow:
        """The row to write whole; what an earlier batch knew of it is laid under it by the store."""
        row = self.begun.get(data.parcours_id)
        if row is None:
            row = ParcoursRow(data.parcours_id, data.student_id, data.uai, data.scheme, "", at, at)
            before = self.changed.pop(data.parcours_id, None)
            if before:
                row.referent_id, row.partners = before.referent_id, before.partners
            self.begun[data.parcours_id] = row
        row.changed_at = at
        return row


def _to(row: _Target, state: str, suspended_since: str | None = None) -> None:
    row.state, row.suspended_since = state, suspended_since


def _measured(row: _Target, gauge: wire.Gauge) -> None:
    row.placement_days, row.parcours_days, row.most_placement_days = (
        gauge.placement_days,
        gauge.parcours_days,
        gauge.most,
    )


def _as_it_was(row: _Target, data: Data) -> None:
    """The timeline says it, the row does not."""


def _placed(row: _Target, data: wire.Placed | wire.PlacementCancelled) -> None:
    _measured(row, data.gauge)


def _signed(row: _Target, data: wire.Convention) -> None:
    if data.partner not in row.partners:
        row.partners = (*row.partners, data.partner)


def _appointed(row: _Target, data: wire.Referent) -> None:
    row.referent_id = data.referent_id


def _reviewed(row: _Target, data: wire.Reviewed) -> None:
    row.next_review_on = data.next_review_on
    if isinstance(row, ParcoursChange):
        row.reviewed = True


def _missed(row: _Target, data: wire.ReviewOverdue) -> None:
    # Still to be held; an extension may have made it due.
    row.next_review_on = data.review_on
    if isinstance(row, ParcoursChange):
        row.reviewed = True


def _extended(row: _Target, data: wire.Extended) -> None:
    row.ends_on, row.cautions = data.ends_on, data.cautions
    if data.next_review_on:
        row.next_review_on = data.next_review_on
        if isinstance(row, ParcoursChange):
            row.reviewed = True
    _measured(row, data.gauge)


def _closed(row: _Target, data: wire.ParcoursClosed) -> None:
    _to(row, "closed")
    row.outcome, row.closed_on = data.outcome, data.closed_on


# Not of the instance: that would be a cycle, and every batch would stay until the collector comes by.
_CHANGES: dict[type[Data], Callable[[_Target, Any], None]] = {
    wire.Refused: lambda row, _: _to(row, "refused"),
    wire.Convention: _signed,
    wire.Referent: _appointed,
    wire.Placed: _placed,
    wire.PlacedAgain: _placed,
    wire.PlacementCancelled: _placed,
    wire.Reviewed: _reviewed,
    wire.ReviewOverdue: _missed,
    wire.Suspended: lambda row, data: _to(row, "suspended", data.since),
    wire.Resumed: lambda row, _: _to(row, "open"),
    wire.Extended: _extended,
    wire.Expiring: _as_it_was,
    wire.Expired: lambda row, _: _to(row, "expired"),
    wire.OutcomeMissing: _as_it_was,
    wire.ParcoursClosed: _closed,
}
