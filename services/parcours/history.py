"""What became of a parcours: the state its events made. Pure."""

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from chassis.events import Aggregate, Event
from contracts.parcours import ParcoursState
from services.parcours import events
from services.parcours.days import ONE_DAY, Span, day_of
from services.parcours.events import Of
from services.parcours.placements import Placements
from services.parcours.timing import Timing


class History(Aggregate):
    """Everything a parcours needs to know to decide."""

    def __init__(self, id: UUID) -> None:  # noqa: A002
        super().__init__(id)
        self.of: Of | None = None
        self.alert_id: UUID | None = None  # what it was proposed after
        self.state: ParcoursState | None = None
        self.opened_on = self.starts_on = self.ends_on = date.min
        self.last_day: date | None = None  # how far it could be extended
        self.closed_on: date | None = None
        self.next_review_on: date | None = None
        self.placements: Placements = {}
        self.pauses: list[Span] = []  # the last one has no end while it lasts
        self.with_partner_since: date | None = None
        self.partner_days: list[Span] = []
        self.commands: set[UUID] = set()
        self.timing = Timing()
        self.forgotten = False

    def apply(self, event: Event) -> None:
        """Let `event` change the state."""
        if isinstance(event, events.Done):
            self.commands.add(event.command_id)
        if isinstance(event, events.Happened):
            self.of = event.of
        self._CHANGES[type(event)](self, event)
        self.timing.take_in(event)

    def _set(state: ParcoursState) -> Callable[["History", Any], None]:  # type: ignore[misc]  # noqa: N805
        def change(self: "History", _: Event) -> None:
            self.state = state

        return change

    def _proposed(self, event: events.Proposed) -> None:
        self.state, self.alert_id = ParcoursState.PROPOSED, event.alert_id

    def _opened(self, event: events.Opened) -> None:
        self.state = ParcoursState.OPEN
        self.opened_on = day_of(event.at)
        self.starts_on, self.ends_on, self.last_day = event.starts_on, event.ends_on, event.last_day
        self.next_review_on = event.next_review_on

    def _signed(self, event: events.ConventionSigned) -> None:
        self.with_partner_since = min(event.since, self.with_partner_since or event.since)

    def _placed(self, event: events.PlacementPlanned | events.PlacementChanged) -> None:
        self.placements[event.placement_id] = event.period

    def _unplaced(self, event: events.PlacementCancelled) -> None:
        del self.placements[event.placement_id]

    def _reviewed(self, event: events.ReviewHeld) -> None:
        self.next_review_on = event.next_review_on

    def _missed_review(self, _: events.ReviewOverdue) -> None:
        self.next_review_on = None

    def _suspended(self, event: events.Suspended) -> None:
        self.state = ParcoursState.SUSPENDED
        self.pauses.append((event.since, date.max))

    def _resumed(self, event: events.Resumed) -> None:
        self.state = ParcoursState.OPEN
        self.pauses[-1] = (self.pauses[-1][0], event.since - ONE_DAY)

    def _extended(self, event: events.Extended) -> None:
        self.ends_on, self.next_review_on = event.ends_on, event.next_review_on

    def _closed(self, event: events.Closed) -> None:
        self.state, self.closed_on = ParcoursState.CLOSED, event.closed_on

    def _partner_days(self, event: events.PartnerDaysChanged) -> None:
        self.partner_days = event.days

    def _forgot(self, _: Event) -> None:
        self.forgotten = True

    def _unchanged(self, _: Event) -> None:
        pass

    _CHANGES: ClassVar[dict[type[Event], Callable[["History", Any], None]]] = {
        events.Proposed: _proposed,
        events.TurnedDown: _set(ParcoursState.REFUSED),
        events.Opened: _opened,
        events.ConventionSigned: _signed,
        events.ReferentAppointed: _unchanged,
        events.PlacementPlanned: _placed,
        events.PlacementChanged: _placed,
        events.PlacementCancelled: _unplaced,
        events.ReviewHeld: _reviewed,
        events.ReviewOverdue: _missed_review,
        events.Suspended: _suspended,
        events.Resumed: _resumed,
        events.Extended: _extended,
        events.Expiring: _unchanged,
        events.Expired: _set(ParcoursState.EXPIRED),
        events.OutcomeMissing: _unchanged,
        events.Closed: _closed,
        events.PartnerDaysChanged: _partner_days,
        events.Forgotten: _forgot,
    }
