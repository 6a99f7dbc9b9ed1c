"""A pupil's parcours: proposed, opened, followed, and brought to an end by people or by the clock. Pure.

Rules TDO, AE and STA; what the days are counted by is in `days`, who may open one in `eligibility`.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.events import Event
from contracts.parcours import Outcome, ParcoursState, Partner, Scheme
from services.parcours import eligibility, events, timing
from services.parcours.acting import NOT_NOW, Act, brought_by_the_clock, not_to_come
from services.parcours.days import ONE_DAY, Span, without
from services.parcours.eligibility import Opening
from services.parcours.events import Of, RuleUsed
from services.parcours.history import History
from services.parcours.placements import check_placement, check_share, gauge_of
from services.parcours.refusals import Refused, check_likely, pupil_erased, unknown_parcours, written
from services.parcours.rules import Regulation, SchemeRules

_RUNNING = (ParcoursState.OPEN, ParcoursState.SUSPENDED)
_STARTED = (*_RUNNING, ParcoursState.EXPIRED)


class Parcours(History):
    """One parcours of one pupil."""

    # -- what people do

    def propose(
        self, of: Of, regulation: Regulation, act: Act, alert_id: UUID | None = None, gpds_on: date | None = None
    ) -> ParcoursState:
        """Think of a parcours for a pupil."""
        if self.state is not None:
            raise Refused("already_proposed", "Ce parcours existe déjà.", "Retrouvez-le dans la liste des parcours.")
        eligibility.check_gpds(regulation, gpds_on, act.today)
        self._do(events.Proposed, act, of, alert_id=alert_id, gpds_on=gpds_on)
        return self._now()

    def turn_down(self, act: Act) -> ParcoursState:
        """Give a proposal up."""
        self._require(ParcoursState.PROPOSED)
        self._do(events.TurnedDown, act)
        return self._now()

    def open(
        self, of: Of, asked: Opening, regulation: Regulation, act: Act, alert_id: UUID | None = None
    ) -> ParcoursState:
        """Open it, proposed or not. Raises Refused, with the rule, when the regulation does not allow it."""
        if self.state is not None:
            self._require(ParcoursState.PROPOSED)
        scheme = eligibility.check(regulation, asked, act.today)
        self._do(
            events.Opened,
            act,
            of,
            starts_on=asked.starts_on,
            ends_on=asked.ends_on,
            last_day=scheme.last_day(asked.starts_on),
            next_review_on=_review_after(asked.starts_on, scheme, asked.ends_on, regulation),
            rule=RuleUsed(*scheme.used.model_dump().values()),
            gauge=gauge_of({}, asked.starts_on, asked.ends_on, scheme),
            reminders=list(regulation.reminders),
            cautions=eligibility.cautions(scheme, asked.starts_on, asked.ends_on),
            alert_id=alert_id or self.alert_id,
            gpds_on=asked.gpds_on,
        )
        return self._now()

    def sign_convention(
        self, partner: Partner, signed_on: date, since: date, regulation: Regulation, act: Act
    ) -> ParcoursState:
        """An agreement with a partner, signed by now, that has the pupil on days of the parcours (TDO-09, TDO-10)."""
        self._require(*_RUNNING)
        not_to_come(signed_on, act, "La convention")
        check_likely("signing_unlikely", "La signature", signed_on, (regulation.likely.around(act.today)[0], act.today))
        if not max(signed_on, self.starts_on) <= since <= self.ends_on:
            raise Refused(
                "convention_outside",
                "L’accueil chez le partenaire doit suivre la signature et tenir dans le parcours.",
                f"Choisissez un premier jour du {written(max(signed_on, self.starts_on))} au {written(self.ends_on)}.",
            )
        self._do(events.ConventionSigned, act, partner=partner.value, signed_on=signed_on, since=since)
        self._tell_partner_days(act)
        return self._now()

    def appoint_referent(self, referent_id: str, act: Act) -> ParcoursState:
        """Name who follows the pupil (AE-10)."""
        self._require(ParcoursState.PROPOSED, *_RUNNING)
        self._do(events.ReferentAppointed, act, referent_id=referent_id)
        return self._now()

    def plan(self, placement_id: UUID, period: Span, regulation: Regulation, act: Act) -> ParcoursState:
        """Add a period in a company (AE-06, AMB-5), or change the days of one that is planned."""
        self._require(*_RUNNING)
        known = placement_id in self.placements
        check_placement(placement_id, period, self.placements, (self.starts_on, self.ends_on), self.pauses)
        self._place(
            events.PlacementChanged if known else events.PlacementPlanned, placement_id, period, regulation, act
        )
        return self._now()

    def change(self, placement_id: UUID, period: Span, regulation: Regulation, act: Act) -> ParcoursState:
        """Other days for a planned period."""
        self._require_placement(placement_id)
        return self.plan(placement_id, period, regulation, act)

    def cancel(self, placement_id: UUID, regulation: Regulation, act: Act) -> ParcoursState:
        """A planned period will not take place."""
        self._require_placement(placement_id)
        left = {each: period for each, period in self.placements.items() if each != placement_id}
        gauge = gauge_of(left, self.starts_on, self.ends_on, self._scheme(regulation))
        self._do(events.PlacementCancelled, act, placement_id=placement_id, gauge=gauge)
        return self._now()

    def hold_review(self, held_on: date, regulation: Regulation, act: Act) -> ParcoursState:
        """It was looked at on that day, which has come and is one of the parcours."""
        self._require(*_RUNNING)
        not_to_come(held_on, act, "Le point d’étape")
        if not self.starts_on <= held_on <= self.ends_on:
            raise Refused(
                "review_outside",
                "Ce jour n’est pas dans le parcours.",
                f"Choisissez un jour du {written(self.starts_on)} au {written(self.ends_on)}.",
            )
        following = _review_after(held_on, self._scheme(regulation), self.ends_on, regulation)
        if self.next_review_on and following and following < self.next_review_on:
            following = self.next_review_on  # an earlier review, told late
        self._do(events.ReviewHeld, act, held_on=held_on, next_review_on=following)
        return self._now()

    def suspend(self, since: date, act: Act) -> ParcoursState:
        """Pause it from a day of the parcours on; the end does not move (the texts say nothing: PROPOSAL)."""
        self._require(ParcoursState.OPEN)
        first = self.pauses[-1][1] + ONE_DAY if self.pauses else self.starts_on
        self._within("suspension_outside", since, first)
        self._do(events.Suspended, act, since=since)
        self._tell_partner_days(act)
        return self._now()

    def resume(self, since: date, act: Act) -> ParcoursState:
        """Go on, from a day after the pause began."""
        self._require(ParcoursState.SUSPENDED)
        self._within("resumption_outside", since, self.pauses[-1][0] + ONE_DAY)
        self._do(events.Resumed, act, since=since)
        self._tell_partner_days(act)
        return self._now()

    def extend(self, ends_on: date, regulation: Regulation, act: Act) -> ParcoursState:
        """End later, within the limit of the scheme (AE-05, AE-21, TDO-32). Raises Refused."""
        self._require(*_RUNNING)
        scheme = self._scheme(regulation)
        if ends_on <= self.ends_on:
            raise Refused(
                "not_later",
                f"Le parcours va déjà jusqu’au {written(self.ends_on)}.",
                "Choisissez une date de fin plus tardive.",
            )
        eligibility.check_length(scheme, self.starts_on, ends_on)
        review = self.next_review_on or _review_after(self.ends_on, scheme, ends_on, regulation)
        self._do(
            events.Extended,
            act,
            ends_on=ends_on,
            ended_on=self.ends_on,
            gauge=gauge_of(self.placements, self.starts_on, ends_on, scheme),
            reminders=list(regulation.reminders),
            next_review_on=review,
            cautions=eligibility.cautions(scheme, self.starts_on, ends_on),
        )
        self._tell_partner_days(act)
        return self._now()

    def close(self, outcome: Outcome, closed_on: date, act: Act) -> ParcoursState:
        """Say what became of the pupil, during the parcours or after it expired; before it, that it was given up."""
        self._require(*_STARTED)
        not_to_come(closed_on, act, "La clôture")
        # A day before the first one would wipe out the days with a partner.
        first = min(self.opened_on, self.starts_on) if act.today < self.starts_on else self.starts_on
        if closed_on < first:
            raise Refused(
                "closing_before_start",
                f"Ce parcours {'commence' if first == self.starts_on else 'a été ouvert'} le {written(first)}.",
                f"Vérifiez l’année : choisissez un jour du {written(first)} au {written(act.today)}.",
            )
        self._do(events.Closed, act, outcome=outcome.value, closed_on=closed_on)
        self._tell_partner_days(act)
        return self._now()

    # -- what the clock and the erasure do

    def fire(self, kind: str, due_at: datetime, now: datetime) -> None:
        """A deadline fell due: what it means, if it still means something."""
        if self.forgotten or self.of is None or self.deadlines().get(kind) != due_at or due_at > now:
            return
        told: dict[str, Any] = {"of": self.of, "due_at": due_at, **brought_by_the_clock(self.id, kind, due_at, now)}
        match kind.partition("-"):
            case (timing.EXPIRING, _, days):
                told |= {"ends_on": self.ends_on, "last_day": self.last_day, "gauge": self.timing.gauge}
                self.record(events.Expiring(**told, days=int(days)))
            case (timing.EXPIRY, _, _):
                self.record(events.Expired(**told, ends_on=self.ends_on))
            case (timing.REVIEW, _, _) if self.next_review_on:
                self.record(events.ReviewOverdue(**told, review_on=self.next_review_on))
            case (timing.OUTCOME, _, _):
                # Of several weeks that passed unseen only the last is told: one reminder, not one for each.
                weeks, told["due_at"] = self.timing.last_week(now)
                self.record(events.OutcomeMissing(**told, weeks=weeks, ends_on=self.ends_on))

    @property
    def just_expired(self) -> bool:
        """Whether its end is among what was just recorded."""
        return any(isinstance(event, events.Expired) for event in self.pending)

    def deadlines(self) -> dict[str, datetime]:
        """What must be looked at again, by kind, and when."""
        return {} if self.forgotten else self.timing.deadlines()

    def forget(self, now: datetime) -> None:
        """The pupil was erased."""
        if self.version and not self.forgotten:
            self.record(events.Forgotten(at=now))

    # -- how

    def _do(self, event: Callable[..., Event], act: Act, of: Of | None = None, **said: Any) -> None:
        done = {"by": act.by, "why": act.why.value, "command_id": act.command_id}
        self.record(event(of=of or self.of, **act.around, **done, **said))

    def _place(
        self, event: Callable[..., Event], placement_id: UUID, period: Span, regulation: Regulation, act: Act
    ) -> None:
        scheme = self._scheme(regulation)
        gauge = gauge_of(self.placements | {placement_id: period}, self.starts_on, self.ends_on, scheme)
        check_share(scheme, gauge)
        self._do(event, act, placement_id=placement_id, period=period, gauge=gauge)

    def _tell_partner_days(self, act: Act) -> None:
        days = self._days_with_partner()
        if days != self.partner_days and self.of:
            self.record(events.PartnerDaysChanged(**act.around, of=self.of, days=days, former=self.partner_days))

    def _days_with_partner(self) -> list[Span]:
        if self.with_partner_since is None:
            return []
        last = min(self.ends_on, self.closed_on or self.ends_on)
        return without((self.with_partner_since, last), self.pauses)

    def _scheme(self, regulation: Regulation) -> SchemeRules:
        """The rules of the day it started: those that came since do not apply to it."""
        assert self.of is not None
        scheme = regulation.scheme(Scheme(self.of.scheme), self.starts_on)
        assert scheme is not None, "it could not have opened"
        return scheme

    def _now(self) -> ParcoursState:
        assert self.state is not None
        return self.state

    def _require(self, *states: ParcoursState) -> None:
        if self.forgotten:
            raise pupil_erased()
        if self.state is None:
            raise unknown_parcours()
        if self.state not in states:
            raise Refused(*NOT_NOW[self.state])

    def _require_placement(self, placement_id: UUID) -> None:
        self._require(*_RUNNING)
        if placement_id not in self.placements:
            raise Refused("unknown_placement", "Cette période en entreprise n’existe pas ou a été annulée.")

    def _within(self, code: str, day: date, first: date) -> None:
        if not first <= day <= self.ends_on:
            raise Refused(
                code,
                "Ce jour n’est pas dans la partie du parcours qui reste ouverte.",
                f"Choisissez un jour du {written(first)} au {written(self.ends_on)}."
                if first <= self.ends_on
                else "Prolongez ou clôturez le parcours.",
            )


def _review_after(day: date, scheme: SchemeRules, ends_on: date, regulation: Regulation) -> date | None:
    following = day + scheme.review_days * ONE_DAY
    too_soon = following - scheme.review_days // 2 * ONE_DAY  # there is nothing to look back on yet
    return regulation.school_days.nearest(following, too_soon, ends_on) if following <= ends_on else None
