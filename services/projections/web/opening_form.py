"""What the form that opens a parcours says, and all that is wrong with it in one reading."""

from collections.abc import Mapping
from typing import Any

from contracts.parcours import Diploma, Scheme, Why
from contracts.parcours_commands import Declared
from services.projections.web.forms import Sent
from services.projections.web.words import day as written
from services.projections.web.words_parcours import AFTER_THE_EXAM

SITUATIONS: Mapping[str, str] = {
    "libre": "Ni en emploi, ni en formation",
    "emploi": "En emploi",
    "formation": "En formation",
}
FIELDS = (
    "type", "debut", "fin", "volontaire", "solutions", "gpds", "age", "pourquoi", "diplome", "session", "situation",
)  # fmt: skip
"""The fields in the order of the page."""
_NOT_FREE: Mapping[str, str] = {
    "emploi": "Ce type de parcours s’ouvre à un élève sans emploi.",
    "formation": "Ce type de parcours s’ouvre à un élève qui n’est pas en formation.",
}
_NO_SESSION = "Donnez l’année de la session, par exemple 2025."


def scheme_of(form: Sent) -> Scheme:
    """The type of parcours that was chosen."""
    return form.choice("type", Scheme, "Choisissez le type de parcours.")


def proposal_of(form: Sent) -> dict[str, Any]:
    """What a proposal says beside whom it is for."""
    return {
        "gpds_on": form.maybe_day("gpds", "La date du GPDS n’est pas une date."),
        "why": form.choice("pourquoi", Why, "Dites pourquoi."),
    }


def opening_of(form: Sent, scheme: Scheme) -> dict[str, Any]:
    """What an opening says beside whom it is for; what is wrong with it is in the form."""
    after_exam = scheme in AFTER_THE_EXAM and "type" not in form.errors
    said = proposal_of(form) | {
        "starts_on": form.day("debut", "Indiquez le premier jour du parcours."),
        "ends_on": form.day("fin", "Indiquez le dernier jour du parcours."),
        "declared": Declared(
            volunteer=form.checked("volontaire"),
            solutions_tried=form.checked("solutions"),
            age=form.number("age", 10, 30, "Donnez l’âge en années."),
            # The fields of another type are not on the screen, and hold what the page proposed.
            **(_after_exam(form) if after_exam else {}),
        ),
    }
    _foresee(form, scheme, said)
    return said


def _after_exam(form: Sent) -> dict[str, Any]:
    situation = form.said.get("situation", "")
    if situation not in SITUATIONS:
        form.errors["situation"] = "Dites si l’élève est en emploi ou en formation."
    elif situation in _NOT_FREE:
        form.foresee("situation", _NOT_FREE[situation])
    return {
        "diploma": form.choice("diplome", Diploma, "Choisissez le diplôme préparé."),
        "session": form.number("session", 2000, 2100, _NO_SESSION, required=True),
        "in_job": situation == "emploi",
        "in_training": situation == "formation",
    }


def _foresee(form: Sent, scheme: Scheme, said: Mapping[str, Any]) -> None:
    """What the service would refuse: the conditions that the form itself names, each at its field."""
    starts_on, gpds_on = said["starts_on"], said["gpds_on"]
    if not {"debut", "fin"} & set(form.errors) and said["ends_on"] < starts_on:
        form.foresee("fin", f"La fin précède le début : choisissez une fin à partir du {written(starts_on)}.")
    if not form.checked("volontaire"):
        form.foresee("volontaire", "Recueillez l’accord de l’élève, puis cochez « L’élève est volontaire ».")
    if "type" in form.errors:
        return
    if scheme is Scheme.TDO and not form.checked("solutions"):
        form.foresee("solutions", "Essayez d’abord une solution dans l’établissement, ou indiquez que c’est fait.")
    if scheme is Scheme.PAFI:
        if gpds_on is None or ("debut" not in form.errors and gpds_on > starts_on):
            form.foresee("gpds", "Indiquez la date du GPDS, au plus tard le premier jour du parcours.")
        if "age" in form.said and not form.said["age"].strip():
            form.foresee("age", "Donnez l’âge de l’élève au premier jour du parcours.")
