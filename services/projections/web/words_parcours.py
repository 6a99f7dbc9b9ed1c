"""The French of the parcours pages: what their codes are called, and how the days that are left are told."""

from collections.abc import Mapping, Sequence
from datetime import date

from contracts.delays import DelayKind, DelayState
from contracts.parcours import Caution, Diploma, Outcome, ParcoursState, Partner, Scheme, Why
from services.projections.web.words import MONTHS, NBSP, count, day

SCHEMES: Mapping[str, str] = {
    Scheme.TDO: "Tous droits ouverts",
    Scheme.PAFI: "PAFI",
    Scheme.AVENIR_PRO_PLUS: "AvenirPro+",
    Scheme.AMBITION_EMPLOI: "Ambition emploi",
}
SCHEME_SLUGS: Mapping[str, Scheme] = {
    "tous-droits-ouverts": Scheme.TDO,
    "pafi": Scheme.PAFI,
    "avenirpro-plus": Scheme.AVENIR_PRO_PLUS,
    "ambition-emploi": Scheme.AMBITION_EMPLOI,
}
SCHEME_LABELS = [(slug, SCHEMES[scheme]) for slug, scheme in SCHEME_SLUGS.items()]
SCHEME_MEANINGS: Mapping[str, str] = {
    Scheme.TDO: "L’élève risque de décrocher et les solutions de l’établissement n’ont pas suffi. Il garde son statut "
    "scolaire et peut passer une partie de son temps chez un partenaire.",
    Scheme.PAFI: "Parcours aménagé de formation initiale, sous statut scolaire. L’élève a 15 ans au moins et sa "
    "situation a été examinée en GPDS. Un an au plus, puis retour en classe.",
    Scheme.AVENIR_PRO_PLUS: "L’élève a terminé son cycle (CAP, bac pro, BMA ou DTMS) à la dernière session d’examen, "
    "reçu ou non, et n’a ni emploi ni formation. Quatre mois au plus.",
    Scheme.AMBITION_EMPLOI: "Mêmes conditions et même durée. AvenirPro+ le remplace pour les parcours commencés "
    "depuis le 10 décembre 2025.",
}
AFTER_THE_EXAM = (Scheme.AMBITION_EMPLOI, Scheme.AVENIR_PRO_PLUS)
"""Schemes for those who left their cycle at the last session."""

STATES: Mapping[str, str] = {
    ParcoursState.PROPOSED: "Proposé",
    ParcoursState.OPEN: "En cours",
    ParcoursState.SUSPENDED: "Suspendu",
    ParcoursState.EXPIRED: "Expiré",
    ParcoursState.CLOSED: "Clos",
    ParcoursState.REFUSED: "Écarté",
}
PARTNERS: Mapping[str, str] = {
    Partner.MISSION_LOCALE: "Mission locale",
    Partner.E2C: "École de la 2e chance",
    Partner.EPIDE: "EPIDE",
    Partner.AFPA: "AFPA",
    Partner.CFA: "CFA",
    Partner.SERVICE_CIVIQUE: "Service civique",
    Partner.OTHER: "Autre structure",
}
OUTCOMES: Mapping[str, str] = {
    Outcome.RETURN_TO_CLASS: "Retour en classe",
    Outcome.TRAINING: "Entrée en formation",
    Outcome.APPRENTICESHIP: "Contrat d’apprentissage",
    Outcome.JOB: "Emploi",
    Outcome.OTHER_SCHEME: "Autre dispositif",
    Outcome.MOVED: "Déménagement",
    Outcome.GAVE_UP: "Abandon du parcours",
    Outcome.UNKNOWN: "Situation inconnue",
}
WHYS: Mapping[str, str] = {
    Why.SCHOOL_DECIDED: "Décision de l’établissement",
    Why.GPDS_DECIDED: "Décision du GPDS",
    Why.PUPIL_ASKED: "Demande de l’élève",
    Why.FAMILY_ASKED: "Demande de la famille",
    Why.PARTNER_ASKED: "Demande du partenaire",
    Why.HEALTH: "Raison de santé",
    Why.CORRECTION: "Correction d’une erreur",
    Why.OTHER: "Autre raison",
}
DIPLOMAS: Mapping[str, str] = {
    Diploma.BAC_PRO: "Baccalauréat professionnel",
    Diploma.CAP: "CAP",
    Diploma.BMA: "Brevet des métiers d’art (BMA)",
    Diploma.DTMS: "Diplôme de technicien des métiers du spectacle (DTMS)",
}
CAUTIONS: Mapping[str, str] = {
    Caution.ENDS_AFTER_DECEMBER: "Ce parcours finit après le 31 décembre qui suit la session d’examen. Les quatre mois "
    "y sont comptés depuis son premier jour ; une autre lecture du texte les compte depuis le 1er\u00a0septembre. "
    "Vérifiez auprès de votre académie.",
}
KINDS: Mapping[str, str] = {
    DelayKind.RETURN_INTERVIEW: "Entretien de droit au retour en formation",
    DelayKind.APPRENTICE_WITHOUT_CONTRACT: "Apprenti sans contrat",
    DelayKind.APPRENTICE_AFTER_RUPTURE: "Apprenti après une rupture de contrat",
    DelayKind.OF_SUMMONS: "Obligation de formation : convocation sans suite",
}
KIND_MEANINGS: Mapping[str, str] = {
    DelayKind.RETURN_INTERVIEW: "Recevoir le jeune en entretien dans les quinze jours qui suivent sa demande.",
    DelayKind.APPRENTICE_WITHOUT_CONTRACT: "Trouver un employeur : le CFA forme l’apprenti sans contrat pendant trois "
    "mois au plus.",
    DelayKind.APPRENTICE_AFTER_RUPTURE: "Trouver un nouvel employeur : le CFA garde l’apprenti en formation pendant "
    "six mois après la rupture.",
    DelayKind.OF_SUMMONS: "Transmettre la situation au président du conseil départemental si, deux mois après la "
    "convocation, l’obligation de formation n’est toujours pas remplie.",
}
KIND_STARTS: Mapping[str, str] = {
    DelayKind.RETURN_INTERVIEW: "Demande reçue",
    DelayKind.APPRENTICE_WITHOUT_CONTRACT: "Cycle de formation commencé",
    DelayKind.APPRENTICE_AFTER_RUPTURE: "Contrat rompu",
    DelayKind.OF_SUMMONS: "Convocation envoyée",
}
_OF_APPRENTICES = "au coordonnateur MLDS, au chef d’établissement, au CFA et à la mission locale"
KIND_TOLD: Mapping[str, str] = {
    DelayKind.RETURN_INTERVIEW: "au coordonnateur MLDS et au CIO",
    DelayKind.APPRENTICE_WITHOUT_CONTRACT: _OF_APPRENTICES,
    DelayKind.APPRENTICE_AFTER_RUPTURE: _OF_APPRENTICES,
    DelayKind.OF_SUMMONS: "au coordonnateur MLDS, à la mission locale et au CIO",
}
"""To whom the e-mails about such a delay go, before its last day and once it is over."""
DELAY_STATES: Mapping[str, str] = {
    DelayState.RUNNING: "En cours",
    DelayState.REACHED: "Dépassé",
    DelayState.ENDED: "Terminé",
}
HAPPENED: Mapping[str, str] = {
    "parcours_proposed": "Parcours proposé",
    "parcours_refused": "Proposition écartée",
    "parcours_opened": "Parcours ouvert",
    "convention_signed": "Convention signée",
    "referent_appointed": "Référent désigné",
    "placement_planned": "Période en entreprise prévue",
    "placement_changed": "Période en entreprise déplacée",
    "placement_cancelled": "Période en entreprise annulée",
    "review_held": "Point d’étape",
    "review_overdue": "Point d’étape en retard",
    "parcours_suspended": "Parcours suspendu",
    "parcours_resumed": "Parcours repris",
    "parcours_extended": "Parcours prolongé",
    "status_expiring": "Fin proche",
    "status_expired": "Parcours expiré",
    "outcome_missing": "Issue toujours inconnue",
    "parcours_closed": "Parcours clos",
    "delay_started": "Délai commencé",
    "delay_approaching": "Fin proche",
    "delay_reached": "Délai dépassé",
    "delay_ended": "Délai terminé",
}
"""What happened to a parcours or to a delay, by the fact of its contract."""
_WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def long_day(value: date) -> str:
    """`mercredi 31 décembre 2025`."""
    number = "1er" if value.day == 1 else str(value.day)
    return f"{_WEEKDAYS[value.weekday()]} {number}{NBSP}{MONTHS[value.month - 1]}{NBSP}{value.year}"


def days(number: int) -> str:
    """`1 jour`, `23 jours`."""
    return count(number, "jour", "jours")


def countdown(last: date, today: date) -> str:
    """What is left until `last`, that day included, as a sentence; counted as the e-mails count."""
    left = (last - today).days
    if left < 0:
        return f"Fini depuis {days(-left)}, le {long_day(last)}."
    if left == 0:
        return f"C’est le dernier jour{NBSP}: {long_day(last)}."
    return f"Il reste {days(left)}, jusqu’au {long_day(last)} inclus."


def overrun(last: date, today: date) -> str:
    """Since when the last day is over, where something had to be done by then."""
    return f"Dépassé depuis {days(max((today - last).days, 0))}{NBSP}: le dernier jour était le {long_day(last)}."


def started(kind: str, last: date, today: date) -> str:
    """What is answered to whoever has a delay followed: who is told of its last day, or that it is over already."""
    if last < today:
        return (
            f"Ce délai est déjà dépassé : le dernier jour était le {long_day(last)}. "
            f"Un courriel le signale {KIND_TOLD[kind]}."
        )
    return f"Le délai est suivi. Les courriels à son sujet iront {KIND_TOLD[kind]}."


def suspended(since: date, today: date) -> str:
    """Since when nothing is asked of the pupil, or from when on."""
    if since > today:
        return f"Suspendu à partir du {day(since)} : rien ne sera demandé à l’élève."
    return f"Suspendu depuis le {day(since)} : rien n’est demandé à l’élève."


def days_left(last: date, today: date) -> str:
    """The same, for the cell of a table."""
    left = (last - today).days
    if left < 0:
        return f"fini depuis {days(-left)}"
    return days(left) if left else "dernier jour"


def beginning(first: date, today: date) -> str:
    """When a parcours that has not begun will."""
    return f"Il commence dans {days((first - today).days)}, le {long_day(first)}."


def share(placement_days: int, most: int | None) -> str:
    """`28 jours sur 76 possibles`, of days in placement; no share where the scheme sets none."""
    if most is None:
        return days(placement_days) if placement_days else "aucun jour"
    return f"{days(placement_days)} sur {most} {'possible' if most < 2 else 'possibles'}"


def span_days(first: date, last: date) -> int:
    """How many days, both included."""
    return (last - first).days + 1


def partners(codes: Sequence[str]) -> str:
    """`Mission locale, AFPA`, each once."""
    return ", ".join(dict.fromkeys(PARTNERS[code] for code in codes))
