"""A delay the law gives: the interview of the droit au retour, an apprentice without contract, a summons. Pure.

Rules STA-04, STA-08, STA-09, OF-08.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.events import Aggregate, Event
from contracts.delays import DelayKind, DelayState
from services.parcours import events
from services.parcours.acting import Act, brought_by_the_clock
from services.parcours.days import ONE_DAY, end_of, start_of
from services.parcours.events import OfDelay, RuleUsed
from services.parcours.refusals import Refused, already_running, check_likely, pupil_erased
from services.parcours.rules import Regulation

APPROACHING, REACHED = "approaching", "reached"


class Delay(Aggregate):
    """One delay, for one pupil."""

    def __init__(self, id: UUID) -> None:  # noqa: A002
        super().__init__(id)
        self.of: OfDelay | None = None
        self.state: DelayState | None = None
        self.commands: set[UUID] = set()
        self.forgotten = False
        self._remind_on: date | None = None

    def start(
        self,
        student_id: UUID,
        uai: str,
        kind: DelayKind,
        since: date,
        regulation: Regulation,
        act: Act,
        others: Iterable["Delay"] = (),
    ) -> DelayState:
        """It begins with what happened on `since`, unless one of the pupil's `others` is of this kind and still runs.

        Raises Refused.
        """
        if self.state is not None:
            raise Refused("already_started", "Ce délai court déjà.")
        for other in others:
            if other.of and other.of.kind == kind and other.runs_on(act.today):
                raise already_running(other.of.since, other.of.until, elsewhere=other.of.uai != uai)
        if since > act.today:
            raise Refused(
                "date_to_come", "Un délai commence un jour déjà venu.", "Choisissez la date du fait qui le déclenche."
            )
        rule = regulation.delay(kind, since)
        if rule is None:
            raise Refused(
                "delay_not_in_force", "La règle n’était pas encore en vigueur ce jour-là.", "Vérifiez l’année."
            )
        check_likely("since_unlikely", "Le début du délai", since, (regulation.likely.around(act.today)[0], act.today))
        until = rule.until(since)
        remind_on = until - rule.remind_days * ONE_DAY
        self.record(
            events.DelayStarted(
                **act.around,
                of=OfDelay(student_id, uai, kind.value, since, until),
                rule=RuleUsed(*rule.used.model_dump().values()),
                remind_on=remind_on if start_of(remind_on) > act.now else None,
                by=act.by,
                why=act.why.value,
                command_id=act.command_id,
            )
        )
        return DelayState.RUNNING

    def runs_on(self, day: date) -> bool:
        """Whether something is still asked for by it on that day: its last one may be over before it is told so."""
        return self.state is DelayState.RUNNING and self.of is not None and day <= self.of.until

    def end(self, act: Act, *, done: bool) -> DelayState:
        """What it asks for was done, be it late, or has no object any more."""
        if self.forgotten:
            raise pupil_erased()
        if self.of is None:
            raise Refused("unknown_delay", "Ce délai n’existe pas.", "Retrouvez-le dans la liste des délais.")
        if self.state is DelayState.ENDED:
            raise Refused("delay_ended", "Ce délai est déjà clos.")
        self.record(
            events.DelayEnded(
                **act.around,
                of=self.of,
                done=done,
                by=act.by,
                why=act.why.value,
                command_id=act.command_id,
            )
        )
        return DelayState.ENDED

    def fire(self, kind: str, due_at: datetime, now: datetime) -> None:
        """A deadline fell due: what it means, if it still means something."""
        if self.of is None or self.deadlines().get(kind) != due_at or due_at > now:
            return
        told: dict[str, Any] = {"of": self.of, "due_at": due_at, **brought_by_the_clock(self.id, kind, due_at, now)}
        if kind == REACHED:
            self.record(events.DelayReached(**told))
        elif self._remind_on:
            days = (self.of.until - self._remind_on).days
            self.record(events.DelayApproaching(**told, days=days))

    def deadlines(self) -> dict[str, datetime]:
        """What must be looked at again, by kind, and when."""
        if self.of is None or self.forgotten or self.state is not DelayState.RUNNING:
            return {}
        found = {REACHED: end_of(self.of.until)}
        if self._remind_on:
            found[APPROACHING] = start_of(self._remind_on)
        return found

    def forget(self, now: datetime) -> None:
        """The pupil was erased."""
        if self.version and not self.forgotten:
            self.record(events.Forgotten(at=now))

    def apply(self, event: Event) -> None:
        """What each event changes."""
        match event:
            case events.DelayStarted():
                self.of, self.state, self._remind_on = event.of, DelayState.RUNNING, event.remind_on
                self.commands.add(event.command_id)
            case events.DelayApproaching():
                self._remind_on = None
            case events.DelayReached():
                self.state = DelayState.REACHED
            case events.DelayEnded():
                self.state = DelayState.ENDED
                self.commands.add(event.command_id)
            case events.Forgotten():
                self.forgotten = True
            case _:
                super().apply(event)
