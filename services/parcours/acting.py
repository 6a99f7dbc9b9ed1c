"""Who acts on a parcours, and what is refused whatever the regulation says. Pure."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from contracts.envelope import correlation_of
from contracts.parcours import ParcoursState, Why
from services.parcours.refusals import Refused

SOURCE = "/services/parcours"


class Act(NamedTuple):
    """Who does something, why, and when: the instant and the day it is in France."""

    by: str
    why: Why
    command_id: UUID
    now: datetime
    today: date

    @property
    def around(self) -> dict[str, Any]:
        """What every event of this act says of it: when, and that it follows from this command."""
        return {"at": self.now, "cause": str(self.command_id), "correlation": self.command_id}


def brought_by_the_clock(about_id: UUID, kind: str, due_at: datetime, now: datetime) -> dict[str, Any]:
    """What an event that a deadline led to says of it: when, and that it follows from that deadline."""
    cause = f"{about_id}.{kind}.{due_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"at": now, "cause": cause, "correlation": correlation_of(SOURCE, cause)}


NOT_NOW: dict[ParcoursState, tuple[str, str, str]] = {
    ParcoursState.PROPOSED: ("not_open", "Ce parcours n’est que proposé.", "Ouvrez-le d’abord."),
    ParcoursState.OPEN: ("already_open", "Ce parcours est déjà ouvert.", ""),
    ParcoursState.SUSPENDED: ("parcours_suspended", "Ce parcours est suspendu.", "Reprenez-le d’abord."),
    ParcoursState.EXPIRED: (
        "parcours_expired",
        "Ce parcours est arrivé à son terme.",
        "Indiquez ce qu’est devenu l’élève ; pour continuer, ouvrez un autre parcours.",
    ),
    ParcoursState.CLOSED: ("parcours_closed", "Ce parcours est clos.", "Pour continuer, ouvrez un autre parcours."),
    ParcoursState.REFUSED: ("proposal_turned_down", "Cette proposition a été écartée.", "Faites-en une autre."),
}
"""What is answered to whom asks for something this state does not allow: code, reason, remedy."""


def not_to_come(day: date, act: Act, what: str) -> None:
    """What people say was done has been done. Raises Refused."""
    if day > act.today:
        raise Refused("date_to_come", f"{what} ne peut pas être dans le futur.", "Choisissez un jour déjà venu.")
