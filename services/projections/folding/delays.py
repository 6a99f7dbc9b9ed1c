"""Delays the law gives and their timeline, as a batch of facts leaves them."""

import msgspec
from msgspec import Raw

from services.projections import wire_parcours as wire
from services.projections.folding import Item
from services.projections.folding.timelines import Entry, entry


class DelayRow(msgspec.Struct, gc=False):
    """A whole delay. The fields are the columns of `delays`, in order."""

    delay_id: str
    student_id: str
    uai: str
    kind: str
    since: str
    until: str
    state: str
    rule: Raw
    started_at: str
    started_by: str
    changed_at: str
    ended_at: str | None = None
    ended_by: str | None = None
    done: bool | None = None


class DelayChange(msgspec.Struct, gc=False):
    """What a batch changes in a delay it did not start; None leaves the column as it is."""

    delay_id: str
    changed_at: str
    state: str | None = None
    ended_at: str | None = None
    ended_by: str | None = None
    done: bool | None = None


class DelaysFold:
    """Facts about delays, in order, folded into the least that must be written."""

    def __init__(self) -> None:
        self.started: dict[str, DelayRow] = {}
        self.changed: dict[str, DelayChange] = {}
        self.happened: list[Entry] = []
        self.touched: set[str] = set()

    def add(self, item: Item) -> None:
        """Take in one fact; one that says nothing to this read model is passed over."""
        data, at = item.fact.data, item.fact.time
        kind = wire.DELAY_KINDS.get(type(data))
        if kind is None:
            return
        self.touched.add(data.uai)
        if isinstance(data, wire.DelayStarted):
            self._started(at, data)
        else:
            row = self._target(data.delay_id)
            row.changed_at = at
            if isinstance(data, wire.DelayReached):
                row.state = "reached"
            elif isinstance(data, wire.DelayEnded):
                row.state, row.ended_at, row.ended_by, row.done = "ended", at, data.by, data.done
        self.happened.append(entry(data.delay_id, item, kind))

    def _started(self, at: str, data: wire.DelayStarted) -> None:
        self.changed.pop(data.delay_id, None)
        self.started[data.delay_id] = DelayRow(
            data.delay_id,
            data.student_id,
            data.uai,
            data.kind,
            data.since,
            data.until,
            "running",
            data.rule,
            at,
            data.by,
            at,
        )

    def _target(self, delay_id: str) -> DelayRow | DelayChange:
        row = self.started.get(delay_id) or self.changed.get(delay_id)
        if row is None:
            row = self.changed[delay_id] = DelayChange(delay_id, "")
        return row
