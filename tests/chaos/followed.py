"""A parcours as the coordinator who follows it has it in mind, and what she does next. Seeded."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from contracts.parcours import Outcome
from tests.chaos.acts import DONE, REFUSED, Act

_LATE = 0.15  # of the parcours: told of when they are over, so that the clock has something to say at once
_PROPOSED = 0.4
_TURNED_DOWN = 0.15
_AFTER_ALERT = 0.5
_NONSENSE = 0.15  # of the acts: what makes no sense, and must leave nothing
_STEPS = ("review", "review", "placement", "extend", "pause", "close")
_OUTCOMES = tuple(outcome.value for outcome in Outcome)
_NONE, _PROPOSAL, _RUNNING, _PAUSED, _OVER = "none", "proposal", "running", "paused", "over"
_STAGES = {
    "propose": _PROPOSAL,
    "begin": _RUNNING,
    "open": _RUNNING,
    "refuse": _OVER,
    "suspend": _PAUSED,
    "resume": _RUNNING,
    "close": _OVER,
}


@dataclass
class Followed:
    """It begins a few days before `today` and ends in two months or three; late, it ended days ago.

    `doubtful`: an act had no answer, so that nothing is sure of what is asked from now on.
    """

    actor: str
    student: str
    uai: str
    alert_id: str
    today: date
    parcours: str = ""
    doubtful: bool = False
    _stage: str = _NONE
    _late: bool = False
    _paused_once: bool = False
    _starts_on: date = field(init=False)
    _ends_on: date = field(init=False)
    _reviewed_on: date = field(init=False)
    _placements: int = 0
    _nonsense: int = 0

    def begin(self, rng: random.Random) -> tuple["Followed", Act]:
        """Think of it, or open it at once."""
        self._late = rng.random() < _LATE
        before, after = (60, -2) if self._late else (rng.randint(8, 20), rng.randint(60, 90))
        self._starts_on = self._reviewed_on = self.today - timedelta(before)
        self._ends_on = self.today + timedelta(after)
        whom = {"student_id": self.student, "uai": self.uai, "scheme": "TDO"}
        whom |= {"alert_id": self.alert_id} if rng.random() < _AFTER_ALERT else {}
        if rng.random() < _PROPOSED:
            return self._ask("propose", rng, whom)
        return self._ask("begin", rng, whom | self._opening())

    def next(self, rng: random.Random) -> tuple["Followed", Act] | None:
        """The next act; None when there is nothing to do about it."""
        if not self.parcours:
            return None
        if self._stage == _PROPOSAL:
            if rng.random() < _TURNED_DOWN:
                return self._ask("refuse", rng)
            return self._ask("open", rng, self._opening())
        if self._stage == _OVER:
            return self._nothing_sensible(rng) if rng.random() < _NONSENSE else None
        if self._late:
            return self._ask("close", rng, self._closing(rng))
        if rng.random() < _NONSENSE:
            return self._nothing_sensible(rng)
        return self._sensible(rng.choice(_STEPS), rng)

    def took(self, act: Act) -> None:
        """What became of `act`."""
        if act.outcome not in (DONE, REFUSED):
            self.doubtful = True
        if act.outcome != DONE or act.expected == REFUSED:
            return
        self.parcours = self.parcours or act.parcours
        self._stage = _STAGES.get(act.name, self._stage)
        if act.name == "extend":
            self._ends_on = date.fromisoformat(act.body["ends_on"])

    def _sensible(self, step: str, rng: random.Random) -> tuple["Followed", Act] | None:
        match step:
            case "review" if self._reviewed_on < self.today - timedelta(1):
                self._reviewed_on += timedelta(1)
                return self._ask("review", rng, {"held_on": self._reviewed_on})
            case "placement" if self._placements < 7:  # within the 60 days that it has at least
                self._placements += 1
                first = self.today + timedelta(7 * self._placements)
                days = {"starts_on": first, "ends_on": first + timedelta(rng.randint(0, 4))}
                return self._ask("placement", rng, days, refused=self._stage == _PAUSED)
            case "extend":
                return self._ask("extend", rng, {"ends_on": self._ends_on + timedelta(rng.randint(1, 5))})
            case "pause" if self._stage == _PAUSED:
                return self._ask("resume", rng, {"since": self.today - timedelta(1)})
            case "pause" if not self._paused_once:
                self._paused_once = True
                return self._ask("suspend", rng, {"since": self.today - timedelta(2)})
            case "close":
                return self._ask("close", rng, self._closing(rng))
        return None

    def _nothing_sensible(self, rng: random.Random) -> tuple["Followed", Act]:
        self._nonsense += 1
        later = timedelta(self._nonsense)
        kinds = ["review", "extend"] + (["begin"] if self._stage in (_RUNNING, _PAUSED) else [])
        match rng.choice(kinds):
            case "review":  # a day to come
                return self._ask("review", rng, {"held_on": self.today + timedelta(2) + later}, refused=True)
            case "extend":  # no later end
                return self._ask("extend", rng, {"ends_on": self._starts_on - later}, refused=True)
        # The pupil has one.
        whom = {"student_id": self.student, "uai": self.uai, "scheme": "TDO"}
        days = {"starts_on": self._starts_on, "ends_on": self.today + timedelta(200) + later}
        return self._ask("begin", rng, whom | self._opening() | days, refused=True)

    def _opening(self) -> dict[str, Any]:
        declared = {"volunteer": True, "solutions_tried": True}
        return {"starts_on": self._starts_on, "ends_on": self._ends_on, "declared": declared}

    def _closing(self, rng: random.Random) -> dict[str, Any]:
        return {"outcome": rng.choice(_OUTCOMES), "closed_on": self.today}

    def _ask(
        self, name: str, rng: random.Random, body: dict[str, Any] | None = None, *, refused: bool = False
    ) -> tuple["Followed", Act]:
        said = {here: value.isoformat() if isinstance(value, date) else value for here, value in (body or {}).items()}
        expected = "" if self.doubtful else REFUSED if refused else DONE
        parcours = "" if name in ("propose", "begin") else self.parcours
        key = str(UUID(int=rng.getrandbits(128), version=4))
        return self, Act(name, self.student, self.actor, said, key, parcours, expected)
