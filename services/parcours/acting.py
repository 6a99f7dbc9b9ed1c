"""Who acts on a parcours, and what is refused whatever the regulation says. Pure."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from contracts.parcours import ParcoursState, Why
from services.parcours.refusals import Refused


class Act(NamedTuple):
    """Who does something, why, and when: the instant and the day it is in France."""

    by: str
    why: Why
    command_id: UUID
    now: datetime
    today: date


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
