"""The words of alerts, by level and role."""

from collections.abc import Mapping

from contracts.directory import Role
from services.notifications.facts import ThresholdReached
from services.notifications.wording.common import SCHOOLS, Wording
from services.notifications.wording.french import month_in_french, number_in_french

NEXT_STEPS: Mapping[tuple[int, str], str] = {
    (1, Role.CHEF_ETAB): (
        "Ouvrez le dossier pour voir quelles demi-journées ont été comptées et ce qui a déjà été fait. Si la "
        "commission éducative n’est pas encore prévue, c’est le moment d’en fixer la date ; toute action notée "
        "dans le dossier (famille contactée, entretien, GPDS…) montre que la situation est suivie."
    ),
    (1, Role.CPE): (
        "Vous connaissez sans doute déjà la situation. Ouvrez le dossier pour vérifier les demi-journées "
        "comptées, prenez l’alerte en charge, et notez ce qui est engagé : famille contactée, entretien avec "
        "l’élève, passage en GPDS…"
    ),
    (2, Role.CHEF_ETAB): (
        "Ouvrez le dossier pour voir ce qui a déjà été tenté depuis le premier seuil. La prochaine étape est de "
        "désigner un référent et de convenir d’un accompagnement avec la famille ; la MLDS peut vous y aider, "
        "par exemple pour préparer un parcours Tous droits ouverts."
    ),
    (2, Role.CPE): (
        "Ouvrez le dossier pour vérifier les demi-journées comptées et compléter ce qui a déjà été fait : ces "
        "éléments serviront à la rencontre avec la famille. Notez-y aussi toute nouvelle prise de contact."
    ),
    (2, Role.COORD_MLDS): (
        "Prenez contact avec l’établissement pour proposer votre appui à la rencontre avec la famille et à la "
        "recherche d’une solution, par exemple un parcours Tous droits ouverts. Ce que vous noterez dans le "
        "dossier sera visible de l’équipe de l’établissement."
    ),
}


def wording(fact: ThresholdReached, role: str) -> Wording:
    """What the e-mail about an alert says to somebody in `role`."""
    month = month_in_french(fact.month)
    half_days = f"{fact.half_days} demi-journées (seuil du niveau {fact.level} : {fact.threshold})"
    return Wording(
        headline=f"Absentéisme, seuil de niveau {fact.level} atteint en {month}",
        details=(("Mois concerné", month), ("Absences non justifiées", half_days)),
        next_step=NEXT_STEPS[fact.level, role],
        why=f"Les alertes de niveau {fact.level} sont adressées à cette fonction.",
        path="alertes",
        thread="alert",
        words={
            "of": SCHOOLS[role],
            "month": month,
            "half_days": fact.half_days,
            "threshold_in_words": number_in_french(fact.threshold),
        },
    )
