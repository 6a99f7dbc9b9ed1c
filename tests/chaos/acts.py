"""What people did about parcours, kept outside of the suite, and how each act is told from every other.

No two acts of one pupil say the same: who did it, the fact that comes of it and its days find it again wherever the
suite tells it, without the ids that the suite makes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

DONE, REFUSED, UNKNOWN = "done", "refused", "unknown"


class Way(NamedTuple):
    """How an act is asked for, the fact that comes of it, and what of its body that fact repeats, by its name there."""

    path: str
    fact: str
    repeats: Mapping[str, str] = {}


_SINCE = {"since": "since"}
_FROM_TO = {"starts_on": "starts_on", "ends_on": "ends_on"}
WAYS: Mapping[str, Way] = {
    "propose": Way("/proposals", "parcours_proposed"),
    "begin": Way("", "parcours_opened", _FROM_TO),
    "open": Way("/{}/open", "parcours_opened", _FROM_TO),
    "refuse": Way("/{}/refuse", "parcours_refused"),
    "review": Way("/{}/reviews", "review_held", {"held_on": "held_on"}),
    "placement": Way("/{}/placements", "placement_planned", {"starts_on": "first", "ends_on": "last"}),
    "suspend": Way("/{}/suspend", "parcours_suspended", _SINCE),
    "resume": Way("/{}/resume", "parcours_resumed", _SINCE),
    "extend": Way("/{}/extend", "parcours_extended", {"ends_on": "ends_on"}),
    "close": Way("/{}/close", "parcours_closed", {"outcome": "outcome", "closed_on": "closed_on"}),
}
_REPEATED = {way.fact: frozenset(way.repeats.values()) for way in WAYS.values()}


class Said(NamedTuple):
    """Who did what, with which days."""

    by: str
    fact: str
    details: frozenset[tuple[str, str]]


@dataclass
class Act:
    """One act: what was asked, and what was answered in the end.

    `expected`: DONE or REFUSED where that is sure when it is asked. `answered`: its place among all answers, from 1;
    `answered_at` in seconds since 1970; both 0 while there is no answer. `parcours`: empty while its id is not known.
    """

    name: str
    student: str
    by: str
    body: Mapping[str, Any]
    key: str
    parcours: str = ""
    expected: str = ""
    outcome: str = UNKNOWN
    answered: int = 0
    answered_at: float = field(default=0.0, compare=False)

    @property
    def path(self) -> str:
        """Where it is sent."""
        return "/api/v1/parcours" + WAYS[self.name].path.format(self.parcours)

    @property
    def said(self) -> Said:
        """What must be told of it."""
        way = WAYS[self.name]
        return Said(self.by, way.fact, frozenset((there, str(self.body[here])) for here, there in way.repeats.items()))


def understood(fact: str, by: str, detail: Mapping[str, Any]) -> Said | None:
    """The same, of a fact as the suite tells it; None when nobody did it: a day came."""
    if fact not in _REPEATED:
        return None
    flat = {**detail, **detail.get("period", {})}
    return Said(by, fact, frozenset((name, str(flat[name])) for name in _REPEATED[fact]))
