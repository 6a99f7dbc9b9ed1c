"""Coordinators who follow parcours: a retry after a lost answer is the same act, and what each became is kept."""

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping

import httpx

from tests.chaos.acts import DONE, REFUSED, UNKNOWN, Act
from tests.chaos.desk import Desk
from tests.chaos.followed import Followed
from tests.chaos.house import House
from tests.chaos.load import SCHOOLS_PER_NETWORK
from tests.chaos.suite import coordinator_of

_PAUSE_S = (0.5, 2.0)
_TURNS = 15  # of each, at least
_AGAIN_S = 0.5
_SHOWN_WITHIN_S = 60.0
_BEGIN = 0.3  # of the turns, while there is something to follow
_GIVE_UP = 0.05  # of the lost answers: nobody asks again
_TWICE = 0.1  # of the acts done: sent again, as a second click does


class Coordination:
    """One coordinator a network, each with parcours of her own; `acts` is what all of them did, in order."""

    def __init__(self, house: House, desk: Desk, rng: random.Random) -> None:
        self._house = house
        self._desk = desk
        self._rng = rng
        self._answered = 0
        self._known: set[str] = set()  # pupils whom one of them follows; who changes school is in sight of another too
        self.acts: list[Act] = []
        self.leaving = False
        schools = house.schools
        self.actors = [coordinator_of(schools, uai) for uai in schools[::SCHOOLS_PER_NETWORK]]

    async def run(self, client: httpx.AsyncClient, tokens: Mapping[str, str]) -> None:
        """Act until `leaving`, and then until each has done enough to tell: under fire most of it is waiting."""
        async with asyncio.TaskGroup() as group:
            for actor in self.actors:
                group.create_task(self._follow(client, tokens[actor], actor, random.Random(self._rng.random())))

    async def _follow(self, client: httpx.AsyncClient, token: str, actor: str, rng: random.Random) -> None:
        followed: list[Followed] = []
        turns = 0
        while not self.leaving or turns < _TURNS:
            turns += 1
            await asyncio.sleep(_AGAIN_S if self.leaving else rng.uniform(*_PAUSE_S))
            if not followed or rng.random() < _BEGIN:
                begun = await self._begin(client, token, actor, rng)
                followed += [begun] if begun else []
            else:
                await self._act(client, token, rng.choice(followed).next(rng), rng)

    async def _begin(self, client: httpx.AsyncClient, token: str, actor: str, rng: random.Random) -> Followed | None:
        """Think of a parcours, or open one, for a pupil with an alert who never had one."""
        listed = await self._desk.ask(client, token, "/api/v1/alerts?page_size=200")
        alerts = listed.json()["items"] if listed is not None and listed.is_success else []
        new = [alert for alert in alerts if alert["student_id"] not in self._known]
        if not new:
            return None
        alert = rng.choice(new)
        self._known.add(alert["student_id"])
        followed = Followed(actor, alert["student_id"], alert["uai"], alert["alert_id"], self._house.today)
        await self._act(client, token, followed.begin(rng), rng)
        return followed

    async def _act(
        self, client: httpx.AsyncClient, token: str, asked: tuple[Followed, Act] | None, rng: random.Random
    ) -> None:
        if asked is None:
            return
        followed, act = asked
        self.acts.append(act)
        answer = await self._until_answered(client, token, act, rng)
        if act.outcome == DONE and answer is not None and not act.parcours:
            act.parcours = answer.json()["parcours_id"]
            if not await self._shown(client, token, f"/api/v1/parcours/{act.parcours}"):
                followed.doubtful = True
        followed.took(act)

    async def _until_answered(
        self, client: httpx.AsyncClient, token: str, act: Act, rng: random.Random
    ) -> httpx.Response | None:
        """Send it until it is done or refused, or nobody cares any more. Refused after a lost answer says nothing.

        Read models are committed without waiting for the disk: when the database was killed, a parcours that a page has
        shown is not found for a moment.
        """
        lost, limit = False, time.monotonic() + _SHOWN_WITHIN_S
        while True:
            answer = await self._send(client, token, act)
            if act.parcours and _not_found(answer) and time.monotonic() < limit:
                await asyncio.sleep(_AGAIN_S)
                continue
            if answer is not None and answer.is_success:
                self._note(act, DONE)
                if rng.random() < _TWICE:
                    again = await self._send(client, token, act)
                    if again is not None and not again.is_success and not self._desk.not_now(again):
                        self._desk.wrong[f"{act.name} done, then with the same key: {again.status_code}"] += 1
                return answer
            if not self._desk.not_now(answer):
                self._note(act, UNKNOWN if lost else REFUSED)
                return answer
            lost = True
            if rng.random() < _GIVE_UP:
                return None
            await asyncio.sleep(_AGAIN_S)

    async def _send(self, client: httpx.AsyncClient, token: str, act: Act) -> httpx.Response | None:
        answer = await self._desk.ask(client, token, act.path, key=act.key, body=act.body)
        self._house.record.add(
            "parcours",
            name=act.name,
            parcours=act.parcours,
            student=act.student,
            by=act.by,
            key=act.key,
            asked=act.body,
            status=answer.status_code if answer is not None else 0,
        )
        return answer

    def _note(self, act: Act, outcome: str) -> None:
        self._answered += 1
        act.outcome, act.answered, act.answered_at = outcome, self._answered, time.time()

    async def _shown(self, client: httpx.AsyncClient, token: str, path: str) -> bool:
        """Whether pages show it: what was done is shown a moment later, and nothing can be done about it before."""
        limit = time.monotonic() + _SHOWN_WITHIN_S
        while time.monotonic() < limit:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(path, headers={"Authorization": f"Bearer {token}"})).is_success:
                    return True
            await asyncio.sleep(_AGAIN_S)
        return False


def _not_found(answer: httpx.Response | None) -> bool:
    return answer is not None and answer.status_code == httpx.codes.NOT_FOUND
