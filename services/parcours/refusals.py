"""Why something is refused: a code for machines, a reason in French for people, the rule, and what would do."""

from collections.abc import Mapping
from datetime import date

from contracts.parcours import Scheme
from services.parcours.days import Span
from services.parcours.rules import Basis, Once

NAMES: Mapping[Scheme, str] = {
    Scheme.TDO: "Tous droits ouverts",
    Scheme.PAFI: "PAFI",
    Scheme.AMBITION_EMPLOI: "Ambition emploi",
    Scheme.AVENIR_PRO_PLUS: "AvenirPro+",
}
"""Schemes as people here call them."""


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
    return f"{day:%d/%m}/{day.year:04}"


def check_likely(code: str, what: str, day: date, likely: Span) -> None:
    """Whether a day that nothing else bounds is one that people mean. Raises Refused."""
    if not likely[0] <= day <= likely[1]:
        raise Refused(
            code,
            f"{what} ne peut pas être le {written(day)}.",
            f"Vérifiez l’année : choisissez un jour du {written(likely[0])} au {written(likely[1])}.",
        )


def pupil_erased() -> Refused:
    """Nothing more is done about this pupil."""
    return Refused("pupil_erased", "Les données de cet élève ont été effacées.")


def not_renewable(asked: Scheme, followed: Scheme, once: Once) -> Refused:
    """It was followed already, maybe under its former or its new name."""
    reason = "Cet élève a déjà suivi un parcours de ce type, qui ne se renouvelle pas."
    if followed is not asked and once.renamed:
        reason = (
            f"Cet élève a déjà suivi un parcours {NAMES[followed]} : c’est le même dispositif que {NAMES[asked]}, sous"
            f" un autre nom ({once.renamed.shown}), et il ne se renouvelle pas."
        )
    return Refused("not_renewable", reason, "Choisissez un autre type de parcours.", once.basis)


def already_running(since: date, until: date, *, elsewhere: bool) -> Refused:
    """A delay of the same kind is not over; `elsewhere`: another school has it followed."""
    remedy = (
        "Retrouvez-le dans la liste des délais. Si ce qu’il demande est fait, ou s’il n’a plus d’objet, notez-le sur sa"
        " page : un autre pourra commencer."
    )
    if elsewhere:
        remedy = (
            "Un autre établissement le suit. S’il est dans votre liste des délais, notez sur sa page que ce qu’il"
            " demande est fait, ou qu’il n’a plus d’objet ; sinon, demandez-le à cet établissement. Un autre pourra"
            " commencer."
        )
    reason = f"Un délai de ce type court déjà pour cet élève, depuis le {written(since)} et jusqu’au {written(until)}."
    return Refused("delay_running", reason, remedy)


def unknown_parcours() -> Refused:
    """There is no such parcours, or it is another pupil's."""
    return Refused("unknown_parcours", "Ce parcours n’existe pas.", "Retrouvez-le dans la liste des parcours.")
