"""Simulated MLDS coordinators and heads who open parcours, look after them, and say what became of the pupils.

What they do depends on the pupil and the seed alone.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from cli.playing import plans
from cli.playing.chance import chance
from cli.playing.desk import Desk
from cli.playing.plans import Plan, Step
from cli.simulator.academy import Academy, SimActor, SimPupil
from contracts.directory import Role, SchoolType
from contracts.parcours import Diploma, Scheme, Why

_PATH = "/api/v1/parcours"
_COORDINATORS = 2
_A_MONTH = {2: 2, 1: 1}  # TDO parcours that a coordinator opens, by the level of the alert
_LEVEL_1_MONTHS = 0.5
_AFTER_EXAM = {9: 3, 10: 2, 12: 2, 3: 2}  # parcours that begin after the last exam, by the month they open in
_STANDING = ("raised", "acknowledged", "followed_up")
_UPPER = frozenset(set(SchoolType) - {SchoolType.CLG})
_VOCATIONAL = (SchoolType.LP, SchoolType.LPO)
_DIPLOMAS = {"TPRO": Diploma.BAC_PRO, "2CAP": Diploma.CAP}  # what the last year of a cycle prepares
_WITH_GPDS = 0.5
_DONE = {
    "conventions": "conventions_signed",
    "placements": "placements_planned",
    "reviews": "reviews_held",
    "suspend": "parcours_suspended",
    "resume": "parcours_resumed",
    "extend": "parcours_extended",
    "close": "parcours_closed",
}


@dataclass(slots=True)
class _Followed:
    """A parcours that was opened, who looks after it, and what is still to be done."""

    parcours_id: str
    actor: SimActor
    steps: list[Step] = field(default_factory=list)


class Coordination:
    """Everybody who looks after parcours."""

    def __init__(self, academy: Academy, desk: Desk) -> None:
        self._academy = academy
        self._desk = desk
        self._coordinators = busy_coordinators(academy)
        self._upper = {school.uai for school in academy.schools if school.type in _UPPER}
        self._followed: list[_Followed] = []
        self._known: set[str] = set()  # pupils who have or had a parcours, by INE

    async def work(self, month: str, day: date) -> None:
        """Do what is due on `day` about each parcours, then open some for alerts of `month` (YYYY-MM)."""
        await asyncio.gather(*(self._do(followed, day) for followed in self._followed))
        await self._open_after_alerts(month, day)
        await self._open_after_exam(day)

    # -- to open

    async def _open_after_alerts(self, month: str, day: date) -> None:
        for coordinator in self._coordinators:
            for level, most in _A_MONTH.items():
                if level == 1 and chance(self._academy.seed, coordinator.id, month) >= _LEVEL_1_MONTHS:
                    continue
                chosen = (await self._alerts(coordinator, month, level))[:most]
                await asyncio.gather(*(self._open_tdo(coordinator, alert, day) for alert in chosen))

    async def _alerts(self, coordinator: SimActor, month: str, level: int) -> list[dict[str, Any]]:
        """Standing alerts about pupils of upper schools who never had a parcours, in the order people come to them."""
        query: dict[str, str | list[str]] = {"month": month, "level": str(level), "state": [*_STANDING]}
        standing = await self._desk.items(coordinator, "/api/v1/alerts", query)
        fit = [alert for alert in standing if alert["uai"] in self._upper and alert["ine"] not in self._known]
        return sorted(fit, key=lambda alert: chance(self._academy.seed, alert["ine"], month, "tdo"))

    async def _open_tdo(self, coordinator: SimActor, alert: dict[str, Any], day: date) -> None:
        plan = self._plan(alert["ine"], Scheme.TDO, day)
        if plan is None:
            return
        body: dict[str, Any] = {
            "student_id": alert["student_id"],
            "uai": alert["uai"],
            "alert_id": alert["alert_id"],
            "declared": {"volunteer": True, "solutions_tried": True},
        }
        if chance(self._academy.seed, alert["ine"], "gpds") < _WITH_GPDS:
            body |= {"gpds_on": _last_thursday(day).isoformat(), "why": Why.GPDS_DECIDED}
        await self._open(coordinator, alert["ine"], plan, body, day)

    async def _open_after_exam(self, day: date) -> None:
        wanted = _AFTER_EXAM.get(day.month, 0)
        for head, pupil in self._graduates()[:wanted]:
            starts_on = plans.next_day_of_class(self._academy.school_year, day)
            plan = self._plan(pupil.ine, plans.scheme_after_exam(starts_on), day) if starts_on else None
            if plan:
                diploma = next(name for start, name in _DIPLOMAS.items() if pupil.class_name.startswith(start))
                session = int(self._academy.school_year[:4])
                declared = {"volunteer": True, "diploma": diploma, "session": session}
                body = {"ine": pupil.ine, "uai": head.territory, "declared": declared}
                await self._open(head, pupil.ine, plan, body, day)

    def _graduates(self) -> list[tuple[SimActor, SimPupil]]:
        """Pupils of the last year of a vocational cycle who never had a parcours, each with the head of the school."""
        heads = {actor.territory: actor for actor in self._academy.actors if actor.role is Role.CHEF_ETAB}
        found = [
            (heads[school.uai], pupil)
            for school in self._academy.schools
            if school.type in _VOCATIONAL
            for pupil in self._academy.pupils[school.uai]
            if pupil.class_name.startswith(tuple(_DIPLOMAS)) and not pupil.moves_to and pupil.ine not in self._known
        ]
        return sorted(found, key=lambda each: chance(self._academy.seed, each[1].ine, "exam"))

    def _plan(self, ine: str, scheme: Scheme, day: date) -> Plan | None:
        return plans.make(self._academy.school_year, day, scheme, partial(chance, self._academy.seed, ine))

    async def _open(self, actor: SimActor, ine: str, plan: Plan, body: dict[str, Any], day: date) -> None:
        self._known.add(ine)
        body = {
            "scheme": plan.scheme,
            "starts_on": plan.starts_on.isoformat(),
            "ends_on": plan.ends_on.isoformat(),
            "why": plan.why,
            **body,
        }
        opened = await self._desk.act(actor, "parcours_opened", _PATH, body, f"{body['uai']}/{ine}/{day}")
        if opened:
            followed = _Followed(opened["parcours_id"], actor, list(plan.steps))
            await self._desk.wait_shown(actor, f"{_PATH}/{followed.parcours_id}")
            await self._do(followed, day)
            self._followed.append(followed)

    # -- to look after

    async def _do(self, followed: _Followed, day: date) -> None:
        while followed.steps and followed.steps[0].on <= day:
            step = followed.steps.pop(0)
            path = f"{_PATH}/{followed.parcours_id}/{step.path}"
            await self._desk.act(followed.actor, _DONE[step.path], path, step.body, step.on.isoformat())


def busy_coordinators(academy: Academy, count: int = _COORDINATORS) -> Sequence[SimActor]:
    """The MLDS coordinators of the networks whose upper schools have the most absence to expect."""
    absence: Counter[str] = Counter()
    for school in academy.schools:
        if school.type in _UPPER:
            absence[school.network] += round(1000 * school.absentees * school.size)
    busiest = sorted(absence, key=lambda network: (-absence[network], network))[:count]
    coordinators = {actor.territory: actor for actor in academy.actors if actor.role is Role.COORD_MLDS}
    return [coordinators[network] for network in busiest]


def those_who_act(academy: Academy) -> Iterable[SimActor]:
    """Everyone in whose name parcours are opened."""
    vocational = {school.uai for school in academy.schools if school.type in _VOCATIONAL}
    heads = [actor for actor in academy.actors if actor.role is Role.CHEF_ETAB and actor.territory in vocational]
    return [*busy_coordinators(academy), *heads]


def _last_thursday(day: date) -> date:
    """When the school's GPDS met."""
    return day - timedelta((day.weekday() - 3) % 7)
