"""A person acts: only on what is in sight, and the answer waits until the read model shows it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

from contracts.commands import AlertCommand
from contracts.parcours_commands import DelayCommand, ParcoursCommand, PlanPlacement
from services.projections.commands import Commands
from services.projections.reading import alerts, delays, parcours, pupils
from services.projections.reading.readings import NotForThisRole, Reading, Readings, Row
from services.projections.scope import Scope

SHOWN_WITHIN_S = 5.0
_LOOK_EVERY_S = (0.01, 0.1)
_SPACE = UUID("8f6ae9a2-0f0b-5f5e-9d0a-3f1a5d2c7b40")
_OF_THE_ROW = ("uai", "scheme", "alert_id", "gpds_on")


class NotInSight(Exception):
    """There is no such alert, parcours, delay or pupil, or not in this territory."""


class Done(NamedTuple):
    """A command was done: on which parcours or delay, and whether the read model shows it yet."""

    about_id: UUID
    shown: bool


class Who(NamedTuple):
    """The pupil something is begun for: by pseudonymous id, or by INE."""

    student_id: UUID | None = None
    ine: str | None = None


def command_id_of(actor_id: str, key: str | None) -> UUID:
    """The id of a command: the same for the same key of the same person, new when there is no key."""
    return uuid5(_SPACE, f"{actor_id}/{key}") if key else uuid4()


class Acts:
    """Sends a person's commands and reads their effect back."""

    def __init__(self, readings: Readings, commands: Commands) -> None:
        self._readings = readings
        self._commands = commands

    async def do(
        self, scope: Scope, alert_id: UUID, contract: type[AlertCommand], command_id: UUID, **said: Any
    ) -> bool:
        """Have the command done; whether the read model shows it yet.

        Raises NotInSight, commands.Refused, commands.ServiceAway.
        """
        row = await asyncio.to_thread(self._find_alert, scope, alert_id)
        command = contract(
            command_id=command_id,
            actor_id=scope.actor.id,
            attendance_id=row["attendance_id"],
            alert_id=alert_id,
            **said,
        )
        await self._commands.send(command)
        return await self._shown(self._readings.of_pupils, scope, alerts.shows, alert_id, command_id)

    async def on_parcours(
        self,
        scope: Scope,
        contract: type[ParcoursCommand],
        parcours_id: UUID | None,
        command_id: UUID,
        who: Who | None = None,
        **said: Any,
    ) -> Done:
        """Have the command done on this parcours; without an id it begins one for `who`, in the school `uai`.

        What the row knows (pupil, school, scheme, and the age on the first day where the register does) is not
        asked for. Raises NotInSight, NotForThisRole, commands.Refused, commands.ServiceAway.
        """
        if not scope.may_lead:
            raise NotForThisRole
        known = await asyncio.to_thread(self._before_parcours, scope, contract, parcours_id, who, said)
        about_id = parcours_id or uuid5(command_id, "parcours")
        if contract is PlanPlacement:
            known["placement_id"] = uuid5(command_id, "placement")
        command = contract(command_id=command_id, actor_id=scope.actor.id, parcours_id=about_id, **said | known)
        await self._commands.send(command)
        shown = await self._shown(self._readings.of_parcours, scope, parcours.shows, about_id, command_id)
        return Done(about_id, shown)

    async def on_delay(
        self,
        scope: Scope,
        contract: type[DelayCommand],
        delay_id: UUID | None,
        command_id: UUID,
        who: Who | None = None,
        **said: Any,
    ) -> Done:
        """Have the command done on this delay; without an id it starts one for `who`, in the school `uai`.

        Raises NotInSight, NotForThisRole, commands.Refused, commands.ServiceAway.
        """
        if not scope.may_keep_delays:
            raise NotForThisRole
        student_id = await asyncio.to_thread(self._before_delay, scope, delay_id, who, said)
        about_id = delay_id or uuid5(command_id, "delay")
        command = contract(
            command_id=command_id, actor_id=scope.actor.id, delay_id=about_id, student_id=student_id, **said
        )
        await self._commands.send(command)
        shown = await self._shown(self._readings.of_parcours, scope, delays.shows, about_id, command_id)
        return Done(about_id, shown)

    # -- what must be in sight

    def _find_alert(self, scope: Scope, alert_id: UUID) -> Row:
        with self._readings.of_pupils(scope) as reading:
            return _in_sight(alerts.one(reading, alert_id))

    def _before_parcours(
        self, scope: Scope, contract: type[ParcoursCommand], parcours_id: UUID | None, who: Who | None, said: Any
    ) -> dict[str, Any]:
        """What the command needs beside what was `said`."""
        with self._readings.of_parcours(scope) as reading:
            if parcours_id is None:
                student_id: UUID = _pupil(reading, who, said["uai"])["student_id"]
                known: dict[str, Any] = {"student_id": student_id}
            else:
                row = _in_sight(parcours.one(reading, parcours_id))
                student_id = row["student_id"]
                known = {"student_id": student_id}
                known |= {
                    name: row[name] for name in _OF_THE_ROW if name in contract.model_fields and not said.get(name)
                }
            if said.get("alert_id"):
                alert = _in_sight(alerts.one(reading, said["alert_id"]))
                _in_sight(alert if alert["student_id"] == student_id else None)
            if "declared" in said:
                pupil = pupils.one(reading, student_id)
                born = pupil["birth_date"] if pupil else None
                if born is not None:
                    years = age(born, said["starts_on"])
                    known["declared"] = said["declared"].model_copy(update={"age": years})
            return known

    def _before_delay(self, scope: Scope, delay_id: UUID | None, who: Who | None, said: Any) -> UUID:
        with self._readings.of_parcours(scope) as reading:
            pupil = _pupil(reading, who, said["uai"]) if delay_id is None else _in_sight(delays.one(reading, delay_id))
            student_id: UUID = pupil["student_id"]
            return student_id

    async def _shown(
        self,
        opened: Callable[[Scope], AbstractContextManager[Reading]],
        scope: Scope,
        shows: Callable[[Reading, UUID, UUID], bool],
        about_id: UUID,
        command_id: UUID,
    ) -> bool:
        def look() -> bool:
            with opened(scope) as reading:
                return shows(reading, about_id, command_id)

        return await _until(look)


def _in_sight(row: Row | None) -> Row:
    if row is None:
        raise NotInSight
    return row


def _pupil(reading: Reading, who: Who | None, uai: str) -> Row:
    """The pupil something is to be begun for in the school `uai`. Raises NotInSight."""
    if who is None or not reading.scope.includes(uai):
        raise NotInSight
    if who.ine:
        return _in_sight(pupils.by_ine(reading, who.ine))
    return _in_sight(pupils.one(reading, who.student_id) if who.student_id else None)


def age(born: date, on: date) -> int:
    """How old somebody born then is on that day; born on 29 February, a year older on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


async def _until(holds: Callable[[], bool]) -> bool:
    pause, longest = _LOOK_EVERY_S
    try:
        async with asyncio.timeout(SHOWN_WITHIN_S):
            while not await asyncio.to_thread(holds):
                await asyncio.sleep(pause)
                pause = min(2 * pause, longest)
    except TimeoutError:
        return False
    return True
