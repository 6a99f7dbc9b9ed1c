"""What can be asked of the parcours service: the acts of people, deadlines that fall due, and to forget a pupil.

Deadlines are always written before events: two transactions that touch the same parcours then wait for each
other at its deadlines, never each for a lock the other holds.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from chassis import deadlines
from chassis.clock import Clock
from chassis.database import Transaction
from chassis.deadlines import Deadline
from chassis.recorder import VersionConflict
from chassis.store import Aggregates, EventStore
from contracts import parcours_commands as asked
from contracts.commands import Command
from contracts.delays import DelayState
from contracts.parcours import ParcoursState
from services.parcours.acting import Act
from services.parcours.acts import ACTS
from services.parcours.days import day_of
from services.parcours.delay import APPROACHING, REACHED, Delay
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.events import DelayStarted, Of
from services.parcours.pupil import Pupil
from services.parcours.refusals import unknown_parcours
from services.parcours.rules import Regulation

State = ParcoursState | DelayState
Timed = Parcours | Delay

_ATTEMPTS = 10
_OF_DELAYS = frozenset({APPROACHING, REACHED})


class ParcoursService:
    """The application; safe to call from any thread: it remembers nothing between calls."""

    def __init__(self, store: EventStore, clock: Clock, regulation: Regulation) -> None:
        self._store = store
        self._clock = clock
        self._regulation = regulation

    # -- people

    def obey(self, command: Command) -> State:
        """Do what a person asks; the same command again changes nothing. Raises Refused, VersionConflict."""
        for _ in range(_ATTEMPTS):
            # Before the transaction: a clock kept in the database asks for a connection of its own.
            now = self._clock.now()
            try:
                with self._store.database.transaction() as tx:
                    return self._obey(tx, command, now)
            except VersionConflict:
                continue  # somebody else acted meanwhile: decide again
        raise VersionConflict

    def _obey(self, tx: Transaction, command: Command, now: datetime) -> State:
        if isinstance(command, asked.DelayCommand):
            act = Act(command.actor_id, command.why, command.command_id, now, day_of(now))
            return self._on_delay(tx, command, act)
        assert isinstance(command, asked.ParcoursCommand)
        act = Act(command.actor_id, command.why, command.command_id, now, day_of(now))
        return self._on_parcours(tx, command, act)

    def _on_parcours(self, tx: Transaction, command: asked.ParcoursCommand, act: Act) -> ParcoursState:
        pupil = self._pupils(tx, [command.student_id])[command.student_id]
        parcours = Aggregates(self._store, Parcours).get(tx, [command.parcours_id])[command.parcours_id]
        if act.command_id in parcours.commands and parcours.state:
            return parcours.state
        pupil.require_known()
        if parcours.of and parcours.of.student_id != command.student_id:
            raise unknown_parcours()
        before = parcours.deadlines()
        state = self._act(pupil, parcours, command, act)
        if state in (ParcoursState.CLOSED, ParcoursState.REFUSED):
            pupil.free(parcours.id, act.now)
        self._keep(tx, [(parcours, before)], [pupil])
        return state

    def _act(self, pupil: Pupil, parcours: Parcours, command: asked.ParcoursCommand, act: Act) -> ParcoursState:
        if isinstance(command, asked.OpenParcours):
            return self._open(pupil, parcours, command, act)
        if isinstance(command, asked.ProposeParcours):
            pupil.concern(parcours.id, act.now)
        return ACTS[type(command)](parcours, command, self._regulation, act)

    def _open(self, pupil: Pupil, parcours: Parcours, command: asked.OpenParcours, act: Act) -> ParcoursState:
        of = Of(command.student_id, command.uai, command.scheme.value)
        opening = Opening(command.scheme, command.starts_on, command.ends_on, command.declared, command.gpds_on)
        state = parcours.open(of, opening, self._regulation, act, command.alert_id)
        scheme = self._regulation.scheme(command.scheme, command.starts_on)
        pupil.take(parcours.id, command.scheme, act.now, self._regulation.once(scheme) if scheme else None)
        return state

    def _on_delay(self, tx: Transaction, command: asked.DelayCommand, act: Act) -> DelayState:
        pupil = self._pupils(tx, [command.student_id])[command.student_id]
        delay = Aggregates(self._store, Delay).get(tx, [command.delay_id])[command.delay_id]
        if act.command_id in delay.commands and delay.state:
            return delay.state
        pupil.require_known()
        before = delay.deadlines()
        if isinstance(command, asked.StartDelay):
            others = self._delays(tx, pupil.concerned.keys() - {delay.id})
            # Two people who start one at once meet here: the pupil moved on meanwhile for the second.
            pupil.concern(delay.id, act.now)
            student, uai = command.student_id, command.uai
            state = delay.start(student, uai, command.kind, command.since, self._regulation, act, others)
        else:
            assert isinstance(command, asked.EndDelay)
            state = delay.end(act, done=command.done)
        self._keep(tx, [(delay, before)], [pupil])
        return state

    # -- the clock

    def fire(self, tx: Transaction, taken: Sequence[Deadline], now: datetime) -> None:
        """Let each parcours or delay decide upon what was taken because it is due by `now`, in that order."""
        timed = self._timed(tx, taken)
        before = {each.id: each.deadlines() for each in timed.values()}
        for deadline in taken:
            timed[deadline.aggregate_id].fire(deadline.kind, deadline.due_at, now)
            before[deadline.aggregate_id].pop(deadline.kind, None)
        ended = [each for each in timed.values() if isinstance(each, Parcours) and each.just_expired]
        pupils = self._pupils(tx, {each.of.student_id for each in ended if each.of})
        for parcours in ended:
            if parcours.of:
                pupils[parcours.of.student_id].free(parcours.id, now)
        self._keep(tx, [(each, before[each.id]) for each in timed.values()], pupils.values())

    def _timed(self, tx: Transaction, taken: Sequence[Deadline]) -> dict[UUID, Timed]:
        of_delays = {each.aggregate_id for each in taken if each.kind in _OF_DELAYS}
        found: dict[UUID, Timed] = {}
        found |= Aggregates(self._store, Delay).get(tx, of_delays)
        found |= Aggregates(self._store, Parcours).get(tx, {each.aggregate_id for each in taken} - of_delays)
        return found

    # -- the erasure

    def erase(self, tx: Transaction, student_ids: Iterable[UUID]) -> None:
        """Forget these pupils: nothing more is accepted, nothing more falls due."""
        now = self._clock.now()
        pupils = self._pupils(tx, set(student_ids))
        concerned = {about_id for pupil in pupils.values() for about_id in pupil.concerned}
        deadlines.cancel_many(tx, concerned)
        for pupil in pupils.values():
            pupil.erase(now)
        files = self._files(tx, concerned)
        for made in files:
            made.forget(now)
        self._store.append(tx, [entry for each in [*pupils.values(), *files] for entry in each.collect()])

    # -- how

    def _pupils(self, tx: Transaction, student_ids: Iterable[UUID]) -> dict[UUID, Pupil]:
        return Aggregates(self._store, Pupil).get(tx, set(student_ids))

    def _delays(self, tx: Transaction, ids: Collection[UUID]) -> list[Delay]:
        return [each for each in self._files(tx, ids) if isinstance(each, Delay)]

    def _files(self, tx: Transaction, ids: Collection[UUID]) -> list[Timed]:
        """Each of these that exists, as what its first event says it is."""
        files: list[Timed] = []
        for about_id, history in self._store.load(tx, ids).items():
            made: Timed = Delay(about_id) if isinstance(history[0], DelayStarted) else Parcours(about_id)
            for event in history:
                made.replay(event)
            files.append(made)
        return files

    def _keep(
        self, tx: Transaction, timed: Sequence[tuple[Timed, Mapping[str, datetime]]], pupils: Iterable[Pupil]
    ) -> None:
        moved: list[Deadline] = []
        gone: dict[str, list[UUID]] = {}
        for each, before in timed:
            after = each.deadlines()
            moved += [Deadline(each.id, kind, due) for kind, due in after.items() if before.get(kind) != due]
            for kind in before.keys() - after.keys():
                gone.setdefault(kind, []).append(each.id)
        # In one order everywhere: two batches that touch the same rows must not wait for each other crosswise.
        deadlines.schedule_many(tx, sorted(moved, key=lambda each: (each.aggregate_id, each.kind)))
        for kind in sorted(gone):
            deadlines.cancel_many(tx, gone[kind], kind)
        written = [*(each for each, _ in timed), *pupils]
        self._store.append(tx, [entry for each in written for entry in each.collect()])
