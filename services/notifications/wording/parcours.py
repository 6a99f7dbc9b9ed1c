"""The words of parcours, by what happens and role."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from contracts.directory import Role
from contracts.notifications import MailTemplate
from contracts.parcours import Scheme
from services.notifications.facts import (
    OfParcours,
    OutcomeMissing,
    ParcoursOpened,
    ReviewOverdue,
    Share,
    StatusExpired,
    StatusExpiring,
)
from services.notifications.wording.common import SCHOOLS, Wording
from services.notifications.wording.french import day_in_french, days_in_french, soon_in_french, weeks_in_french

SCHEMES: Mapping[str, str] = {
    Scheme.TDO: "parcours Tous droits ouverts",
    Scheme.PAFI: "parcours aménagé de formation initiale (PAFI)",
    Scheme.AMBITION_EMPLOI: "parcours Ambition emploi",
    Scheme.AVENIR_PRO_PLUS: "parcours AvenirPro+",
}


_OF_THE_SCHOOL = (Scheme.TDO, Scheme.PAFI)
"""Their end takes nothing of the status: the pupil is one of the school before, during and after (TDO-07, TDO-33)."""


_UNLIMITED = (Scheme.TDO,)
"""No text sets how long it may last (TDO-06b): where no last day is said, there is none."""


class Step(NamedTuple):
    """What can be done now, and between what there is to choose; `{until}` is filled in."""

    text: str
    choices: tuple[str, ...] = ()


_EXTEND = "prolonger le parcours{until} ;"
_TELLING = "en indiquant ce que devient l’élève : retour en classe, formation, apprentissage, emploi… ;"
_RELAY = "préparer le relais avec la mission locale, si l’élève n’a pas encore de solution."
_BEFORE_THE_END = (_EXTEND, f"le clore, {_TELLING}", _RELAY)
_UNTIL_THE_END = (f"clore le parcours, {_TELLING}", _RELAY)
_NO_LONGER = "Ce parcours va déjà jusqu’à son dernier jour possible : il ne peut plus être prolongé."
_AFTER_THE_END = (
    "indiquer dans le dossier ce que devient l’élève (retour en classe, formation, apprentissage, emploi…), et clore "
    "ainsi le parcours ;",
    _RELAY,
)
_STILL_UNKNOWN = (
    *_AFTER_THE_END[:1],
    "préparer le relais avec la mission locale, si l’élève n’a pas de solution ;",
    "si les recherches n’ont rien donné, clore le parcours avec « situation inconnue ».",
)
STEPS: Mapping[tuple[MailTemplate, str], Step] = {
    (MailTemplate.PARCOURS_OPENED, Role.CHEF_ETAB): Step(
        "Ouvrez le dossier pour vérifier que tout y est : la personne qui suit l’élève, les conventions signées avec "
        "les partenaires, les périodes en entreprise s’il y en a. Prévoyez aussi un premier point d’étape avec l’élève."
    ),
    (MailTemplate.PARCOURS_OPENED, Role.COORD_MLDS): Step(
        "Votre appui compte dès maintenant. Voyez avec l’établissement quelle personne suivra l’élève et quels "
        "partenaires peuvent l’accueillir ; les conventions, les périodes en entreprise et les points d’étape "
        "se notent dans le dossier."
    ),
    (MailTemplate.PARCOURS_OPENED, Role.DCIO): Step(
        "Rien ne vous est demandé pour l’instant. Si l’élève a besoin d’un entretien avec un ou une psychologue de "
        "l’Éducation nationale pour construire son projet, l’établissement prendra contact avec le CIO."
    ),
    (MailTemplate.PARCOURS_OPENED, Role.MISSION_LOCALE): Step(
        "Si vous connaissez déjà ce jeune, ou si votre structure peut prendre part à son parcours, prenez contact avec "
        "l’établissement : un relais préparé tôt évite une rupture à la fin."
    ),
    (MailTemplate.STATUS_EXPIRING, Role.CHEF_ETAB): Step(
        "Une décision est attendue d’ici là ; la MLDS peut vous aider à la préparer. Selon la situation, vous pouvez :",
        _BEFORE_THE_END,
    ),
    (MailTemplate.STATUS_EXPIRING, Role.COORD_MLDS): Step(
        "Il est temps de décider de la suite avec l’élève, sa famille et l’établissement. Selon la situation, il est "
        "possible de :",
        _BEFORE_THE_END,
    ),
    (MailTemplate.STATUS_EXPIRING, Role.MISSION_LOCALE): Step(
        "L’établissement peut prolonger le parcours{until}, ou le clore en indiquant ce que devient l’élève. Si "
        "celui-ci n’a pas encore de solution, prenez contact avec l’établissement pour préparer ensemble le relais."
    ),
    (MailTemplate.STATUS_EXPIRED, Role.CHEF_ETAB): Step(
        "Un rappel vous sera adressé chaque semaine, tant que la situation de l’élève ne sera pas connue. Il reste à :",
        _AFTER_THE_END,
    ),
    (MailTemplate.STATUS_EXPIRED, Role.COORD_MLDS): Step(
        "Voyez avec l’établissement ce que devient l’élève. Un rappel vous sera adressé chaque semaine, tant que sa "
        "situation ne sera pas connue. Il reste à :",
        _AFTER_THE_END,
    ),
    (MailTemplate.STATUS_EXPIRED, Role.DCIO): Step(
        "Si vous savez ce que devient l’élève, dites-le à l’établissement. S’il n’a pas de solution, sa situation "
        "peut être examinée par la plateforme de suivi et d’appui aux décrocheurs (PSAD)."
    ),
    (MailTemplate.STATUS_EXPIRED, Role.MISSION_LOCALE): Step(
        "Si vous accompagnez déjà ce jeune, dites-le à l’établissement, qui pourra clore le parcours. Sinon, prenez "
        "contact avec l’établissement pour préparer le relais : un premier rendez-vous proposé sans attendre évite "
        "que le lien se perde."
    ),
    (MailTemplate.OUTCOME_MISSING, Role.CHEF_ETAB): Step(
        "Un échange avec l’élève, sa famille ou la personne qui le suivait suffit souvent à savoir où il en est. Selon "
        "ce que vous apprenez, vous pouvez :",
        _STILL_UNKNOWN,
    ),
    (MailTemplate.OUTCOME_MISSING, Role.COORD_MLDS): Step(
        "Voyez avec l’établissement où en sont les recherches ; la mission locale a peut-être des nouvelles. Selon ce "
        "que vous apprenez, il est possible de :",
        _STILL_UNKNOWN,
    ),
    (MailTemplate.REVIEW_OVERDUE, Role.COORD_MLDS): Step(
        "Si ce point a eu lieu, il suffit d’en noter la date dans le dossier. Sinon, voyez avec la personne qui suit "
        "l’élève quand il pourra se tenir : c’est le moment de vérifier avec l’élève que le parcours lui convient, et "
        "de préparer la suite."
    ),
}
_AT_THE_LIMIT: Mapping[str, Step] = {
    Role.CHEF_ETAB: Step(
        f"{_NO_LONGER} La suite est à préparer d’ici là ; la MLDS peut vous y aider. Selon la situation, vous pouvez :",
        _UNTIL_THE_END,
    ),
    Role.COORD_MLDS: Step(
        f"{_NO_LONGER} Il est temps de préparer la suite avec l’élève, sa famille et l’établissement. Selon la "
        "situation, il est possible de :",
        _UNTIL_THE_END,
    ),
    Role.MISSION_LOCALE: Step(
        f"{_NO_LONGER} L’établissement peut le clore en indiquant ce que devient l’élève. Si celui-ci n’a pas encore "
        "de solution, prenez contact avec l’établissement pour préparer ensemble le relais."
    ),
}
"""Before the end of a parcours that goes as far as it can: nobody is offered what would be refused."""
_WHY: Mapping[MailTemplate, str] = {
    MailTemplate.PARCOURS_OPENED: "Les ouvertures de parcours comme celui-ci sont annoncées à cette fonction.",
    MailTemplate.STATUS_EXPIRING: "Les rappels qui précèdent la fin d’un parcours sont adressés à cette fonction.",
    MailTemplate.STATUS_EXPIRED: "Les fins de parcours sont annoncées à cette fonction.",
    MailTemplate.OUTCOME_MISSING: "Chaque semaine, les parcours terminés sans situation connue sont rappelés à cette "
    "fonction.",
    MailTemplate.REVIEW_OVERDUE: "Les points d’étape en attente sont signalés à cette fonction.",
}
_PLACEMENTS = "Périodes en entreprise (PFMP)"


def wording(fact: OfParcours, role: str, day: date) -> Wording:
    """What the e-mail about a parcours, written on `day`, says to somebody in `role`."""
    scheme = SCHEMES[fact.scheme]
    step = _step(fact, role)
    said = _said(fact, scheme, day)
    return Wording(
        headline=said.headline,
        details=(("Dispositif", scheme), *said.details),
        next_step=step.text,
        choices=step.choices,
        why=_WHY[fact.template],
        path="parcours",
        thread="parcours",
        words={
            "scheme": scheme,
            "of": SCHOOLS[role],
            "stays_a_pupil": fact.scheme in _OF_THE_SCHOOL,
            **said.words,
        },
    )


def _step(fact: OfParcours, role: str) -> Step:
    step = STEPS[fact.template, role]
    if not isinstance(fact, StatusExpiring):
        return step
    if not _may_extend(fact):
        return _AT_THE_LIMIT[role]
    until = _until(fact)
    return Step(step.text.format(until=until), tuple(choice.format(until=until) for choice in step.choices))


def _may_extend(fact: StatusExpiring) -> bool:
    return fact.last_day is None or fact.ends_on < fact.last_day


def _until(fact: StatusExpiring) -> str:
    if fact.last_day:
        return f", jusqu’au {day_in_french(fact.last_day)} au plus tard"
    # Said before the last day was told with it: the page knows.
    return "" if fact.scheme in _UNLIMITED else ", si sa durée maximale le permet (le dossier indique jusqu’à quand)"


class _Said(NamedTuple):
    headline: str
    details: tuple[tuple[str, str], ...]
    words: Mapping[str, object]


def _said(fact: OfParcours, scheme: str, day: date) -> _Said:
    match fact:
        case ParcoursOpened():
            return _opened(fact, scheme)
        case StatusExpiring():
            return _expiring(fact, scheme, (fact.ends_on - day).days)
        case StatusExpired():
            ends = day_in_french(fact.ends_on)
            return _Said(f"Fin d’un {scheme}, situation à indiquer", (("Dernier jour", ends),), {"ends": ends})
        case OutcomeMissing():
            ends, ago = day_in_french(fact.ends_on), weeks_in_french(fact.weeks)
            return _Said(
                f"Situation toujours inconnue après un {scheme}", (("Dernier jour", ends),), {"ends": ends, "ago": ago}
            )
        case ReviewOverdue():
            due = day_in_french(fact.review_on)
            return _Said(
                f"Point d’étape en attente pour un {scheme}",
                (("Point d’étape attendu", f"au plus tard le {due}"),),
                {"due": due},
            )


def _opened(fact: ParcoursOpened, scheme: str) -> _Said:
    starts, ends = day_in_french(fact.starts_on), day_in_french(fact.ends_on)
    details = [("Premier jour", starts), ("Dernier jour", ends)]
    if fact.last_day and fact.last_day > fact.ends_on:
        details.append(("Prolongation possible", f"jusqu’au {day_in_french(fact.last_day)} au plus tard"))
    if fact.next_review_on:
        details.append(("Premier point d’étape", f"au plus tard le {day_in_french(fact.next_review_on)}"))
    details.append((_PLACEMENTS, share_in_french(fact.share)))
    return _Said(f"Ouverture d’un {scheme}", tuple(details), {"starts": starts, "ends": ends})


def _expiring(fact: StatusExpiring, scheme: str, left: int) -> _Said:
    ends, soon = day_in_french(fact.ends_on), soon_in_french(left)
    details = (
        ("Dernier jour", ends),
        ("Temps restant", days_in_french(left) if left else "c’est le dernier jour"),
        (_PLACEMENTS, share_in_french(fact.share)),
    )
    when = f"{soon}, le {ends}" if left > 1 else f"{soon}, {ends}"
    return _Said(f"Fin d’un {scheme} {soon}", details, {"ends": ends, "when": when, "may_extend": _may_extend(fact)})


def share_in_french(share: Share) -> str:
    """`28 jours sur 115, soit 24 % du parcours (76 jours au plus)`."""
    limit = "" if share.most is None else f" ({days_in_french(share.most)} au plus)"
    if not share.placement_days:
        return f"aucune prévue pour l’instant{limit}"
    percent = round(100 * share.placement_days / max(share.parcours_days, 1))
    return f"{days_in_french(share.placement_days)} sur {share.parcours_days}, soit {percent} % du parcours{limit}"
