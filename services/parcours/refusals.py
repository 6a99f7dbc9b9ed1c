"""Why something is refused: a code for machines, a reason in French for people, the rule, and what would do."""

from datetime import date

from services.parcours.rules import Basis


class Refused(Exception):
    """It makes no sense, or the regulation forbids it. `basis` is what that rests on, `remedy` what would do."""

    def __init__(self, code: str, reason: str, remedy: str = "", basis: Basis | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.remedy = remedy
        self.basis = basis


def written(day: date) -> str:
    """A day as people here write it."""
    return f"{day:%d/%m/%Y}"


def pupil_erased() -> Refused:
    """Nothing more is done about this pupil."""
    return Refused("pupil_erased", "Les données de cet élève ont été effacées.")


def unknown_parcours() -> Refused:
    """There is no such parcours, or it is another pupil's."""
    return Refused("unknown_parcours", "Ce parcours n’existe pas.", "Retrouvez-le dans la liste des parcours.")
