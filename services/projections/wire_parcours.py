"""Events of parcours and of legal delays as they lie on the wire (see `wire`)."""

from collections.abc import Mapping

from msgspec import Raw

from services.projections.wire_parts import Data, Small


class Gauge(Data, frozen=True):
    """`Gauge`: the share spent in placement."""

    placement_days: Small
    parcours_days: Small
    most: Small | None = None


class Span(Data, frozen=True):
    """Days from `first` to `last`."""

    first: str
    last: str


class OfParcours(Data, frozen=True, kw_only=True):
    """What every event of a parcours says first."""

    parcours_id: str
    student_id: str
    uai: str
    scheme: str


class Act(OfParcours, frozen=True, kw_only=True):
    """One that somebody did."""

    by: str
    why: str
    command_id: str


class Proposed(Act, frozen=True, kw_only=True):
    """`ParcoursProposed`."""

    alert_id: str | None = None
    gpds_on: str | None = None


class Refused(Act, frozen=True, kw_only=True):
    """`ParcoursRefused`."""


class Opened(Act, frozen=True, kw_only=True):
    """`ParcoursOpened`."""

    starts_on: str
    ends_on: str
    rule: Raw
    gauge: Gauge
    last_day: str | None = None
    next_review_on: str | None = None
    alert_id: str | None = None
    gpds_on: str | None = None
    cautions: tuple[str, ...] = ()


class Convention(Act, frozen=True, kw_only=True):
    """`ConventionSigned`."""

    partner: str
    signed_on: str
    since: str


class Referent(Act, frozen=True, kw_only=True):
    """`ReferentAppointed`."""

    referent_id: str


class Placed(Act, frozen=True, kw_only=True):
    """`PlacementPlanned`, and `PlacementChanged`, which says the same."""

    placement_id: str
    period: Span
    gauge: Gauge


class PlacedAgain(Placed, frozen=True, kw_only=True):
    """`PlacementChanged`."""


class PlacementCancelled(Act, frozen=True, kw_only=True):
    """`PlacementCancelled`."""

    placement_id: str
    gauge: Gauge


class Reviewed(Act, frozen=True, kw_only=True):
    """`ReviewHeld`."""

    held_on: str
    next_review_on: str | None = None


class ReviewOverdue(OfParcours, frozen=True, kw_only=True):
    """`ReviewOverdue`."""

    review_on: str
    due_at: str


class Suspended(Act, frozen=True, kw_only=True):
    """`ParcoursSuspended`."""

    since: str


class Resumed(Act, frozen=True, kw_only=True):
    """`ParcoursResumed`."""

    since: str


class Extended(Act, frozen=True, kw_only=True):
    """`ParcoursExtended`."""

    ends_on: str
    ended_on: str
    next_review_on: str | None = None
    gauge: Gauge
    cautions: tuple[str, ...] = ()


class Expiring(OfParcours, frozen=True, kw_only=True):
    """`StatusExpiring`."""

    days: Small
    ends_on: str
    due_at: str
    gauge: Gauge


class Expired(OfParcours, frozen=True, kw_only=True):
    """`StatusExpired`."""

    ends_on: str
    due_at: str


class OutcomeMissing(OfParcours, frozen=True, kw_only=True):
    """`OutcomeMissing`."""

    weeks: Small
    ends_on: str
    due_at: str


class ParcoursClosed(Act, frozen=True, kw_only=True):
    """`ParcoursClosed`."""

    outcome: str
    closed_on: str


class OfDelay(Data, frozen=True, kw_only=True):
    """What every event of a delay says first."""

    delay_id: str
    student_id: str
    uai: str
    kind: str
    since: str
    until: str


class DelayStarted(OfDelay, frozen=True, kw_only=True):
    """`DelayStarted`."""

    rule: Raw
    by: str
    why: str
    command_id: str


class DelayApproaching(OfDelay, frozen=True, kw_only=True):
    """`DelayApproaching`."""

    days: Small
    due_at: str


class DelayReached(OfDelay, frozen=True, kw_only=True):
    """`DelayReached`."""

    due_at: str


class DelayEnded(OfDelay, frozen=True, kw_only=True):
    """`DelayEnded`."""

    done: bool
    by: str
    why: str
    command_id: str


_OF_PARCOURS: Mapping[str, type[OfParcours]] = {
    "parcours_proposed": Proposed,
    "parcours_refused": Refused,
    "parcours_opened": Opened,
    "convention_signed": Convention,
    "referent_appointed": Referent,
    "placement_planned": Placed,
    "placement_changed": PlacedAgain,
    "placement_cancelled": PlacementCancelled,
    "review_held": Reviewed,
    "review_overdue": ReviewOverdue,
    "parcours_suspended": Suspended,
    "parcours_resumed": Resumed,
    "parcours_extended": Extended,
    "status_expiring": Expiring,
    "status_expired": Expired,
    "outcome_missing": OutcomeMissing,
    "parcours_closed": ParcoursClosed,
}
_OF_DELAYS: Mapping[str, type[OfDelay]] = {
    "delay_started": DelayStarted,
    "delay_approaching": DelayApproaching,
    "delay_reached": DelayReached,
    "delay_ended": DelayEnded,
}
FACTS: Mapping[str, type[Data]] = {
    f"fr.perseverance.parcours.{fact}.v1": data for fact, data in {**_OF_PARCOURS, **_OF_DELAYS}.items()
}
PARCOURS_KINDS: Mapping[type[Data], str] = {data: fact for fact, data in _OF_PARCOURS.items()}
DELAY_KINDS: Mapping[type[Data], str] = {data: fact for fact, data in _OF_DELAYS.items()}
"""What an event is called in a timeline: the fact of its contract."""
