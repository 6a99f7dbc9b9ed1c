"""What an e-mail says, and how the people it is written to are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.directory import Role


@dataclass(frozen=True, slots=True)
class Wording:
    """What one e-mail says, beside what all of them say.

    `details`: names and values, in brief; `next_step`, and the `choices` there are; `why` its reader has it;
    `path` of the page to open, `thread` it belongs to; `words`: what only its own templates use.
    """

    headline: str
    details: Sequence[tuple[str, str]]
    next_step: str
    why: str
    path: str
    thread: str
    choices: Sequence[str] = ()
    words: Mapping[str, object] = field(default_factory=dict)


ROLES: Mapping[str, str] = {
    Role.CHEF_ETAB: "chef ou cheffe de l’établissement",
    Role.CPE: "CPE de l’établissement",
    Role.COORD_MLDS: "coordonnateur ou coordonnatrice de la MLDS pour l’établissement",
    Role.DCIO: "directeur ou directrice de CIO pour l’établissement",
    Role.MISSION_LOCALE: "correspondant ou correspondante de la mission locale pour l’établissement",
    Role.CFA: "correspondant ou correspondante du CFA pour l’établissement",
}
NO_PAGE = frozenset({Role.CFA})
"""Roles that the pages show nothing to: they are told whom to call, not what to open."""
SCHOOLS: Mapping[str, str] = {
    Role.CHEF_ETAB: "de votre établissement",
    Role.CPE: "de votre établissement",
    Role.COORD_MLDS: "d’un établissement que vous accompagnez",
    Role.DCIO: "d’un établissement de votre secteur",
    Role.MISSION_LOCALE: "d’un établissement de votre secteur",
    Role.CFA: "de votre CFA",
}
"""What a pupil is to the reader: un élève ..."""
