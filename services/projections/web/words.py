"""The French of the pages: what codes are called, and how dates, months and numbers are written."""

import re
from collections.abc import Mapping
from datetime import date, datetime

from chassis.clock import PARIS
from contracts.alerts import AlertState, CloseMotive, FollowUp, LiftCause
from contracts.directory import Role, SchoolType
from contracts.school import ReasonCategory

NBSP = "\u00a0"
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")

TERRITORIES: Mapping[str, str] = {
    "network": "réseau",
    "basin": "bassin",
    "psad": "plateforme",
    "cio": "CIO",
    "mission_locale": "mission locale",
    "department": "département",
    "academy": "académie",
}
"""The perimeters a school of the directory belongs to, the narrowest first."""
STATES: Mapping[str, str] = {
    AlertState.RAISED: "À traiter",
    AlertState.ACKNOWLEDGED: "Prise en charge",
    AlertState.FOLLOWED_UP: "Suivie",
    AlertState.LIFTED: "Levée",
    AlertState.CLOSED: "Close",
}
STATE_SLUGS: Mapping[str, AlertState] = {
    "a-traiter": AlertState.RAISED,
    "prise-en-charge": AlertState.ACKNOWLEDGED,
    "suivie": AlertState.FOLLOWED_UP,
    "levee": AlertState.LIFTED,
    "close": AlertState.CLOSED,
}
SLUG_OF_STATE: Mapping[str, str] = {state.value: slug for slug, state in STATE_SLUGS.items()}
STATE_LABELS = [(slug, STATES[state]) for slug, state in STATE_SLUGS.items()]
SORT_NAMES: Mapping[str, str] = {
    "recentes": "de la plus récente à la plus ancienne",
    "anciennes": "de la plus ancienne à la plus récente",
    "eleve": "par nom d’élève",
    "classe": "par classe",
    "demi-journees": "par nombre de demi-journées",
    "etablissement": "par établissement",
}
FOLLOW_UPS: Mapping[str, str] = {
    FollowUp.FAMILY_CONTACTED: "Famille contactée",
    FollowUp.INTERVIEW: "Entretien avec l’élève",
    FollowUp.GPDS: "Situation examinée en GPDS",
    FollowUp.COMMISSION_EDUCATIVE: "Commission éducative réunie",
    FollowUp.ENGAGEMENT_SIGNED: "Engagement signé avec la famille",
    FollowUp.REFERENT_APPOINTED: "Personnel référent désigné",
    FollowUp.DASEN_REFERRAL: "Saisine du DASEN",
    FollowUp.OTHER: "Autre geste",
}
MOTIVES: Mapping[str, str] = {
    CloseMotive.ATTENDANCE_RESTORED: "Assiduité rétablie",
    CloseMotive.PARCOURS_OPENED: "Parcours ouvert",
    CloseMotive.PUPIL_LEFT: "Élève parti de l’établissement",
    CloseMotive.REFERRED: "Relais transmis à un partenaire",
    CloseMotive.OTHER: "Autre motif",
}
CAUSES: Mapping[str, str] = {
    LiftCause.JUSTIFIED: "des absences ont été justifiées",
    LiftCause.CANCELLED: "des absences saisies par erreur ont été annulées",
    LiftCause.IN_PARCOURS: "des demi-journées relèvent d’un parcours",
}
CATEGORIES: Mapping[str, str] = {
    ReasonCategory.HEALTH: "santé",
    ReasonCategory.FAMILY: "famille",
    ReasonCategory.TRANSPORT: "transport",
    ReasonCategory.SCHOOL_ACTIVITY: "activité scolaire",
    ReasonCategory.ADMINISTRATIVE: "motif administratif",
    ReasonCategory.OTHER: "autre motif",
}
ROLES: Mapping[str, str] = {
    Role.RECTEUR: "Rectorat",
    Role.DRAIO: "DRAIO",
    Role.DASEN: "DASEN",
    Role.IEN_IO: "IEN-IO",
    Role.DOYEN: "Doyen des corps d’inspection",
    Role.DRAFPICA: "DRAFPICA",
    Role.CHEF_ETAB: "Chef d’établissement",
    Role.CPE: "CPE",
    Role.RDS: "Référent décrochage scolaire",
    Role.REFERENT: "Personnel référent",
    Role.RESP_FOQUALE: "Responsable FOQUALE",
    Role.DCIO: "Directeur de CIO",
    Role.COORD_MLDS: "Coordonnateur MLDS",
    Role.MISSION_LOCALE: "Mission locale",
    Role.SPRO: "SPRO",
    Role.FRANCE_TRAVAIL: "France Travail",
    Role.CFA: "CFA",
    Role.SERV_SOCIAL: "Service social",
    Role.PCD: "Conseil départemental",
}
SCHOOL_TYPES: Mapping[str, str] = {
    SchoolType.CLG: "collège",
    SchoolType.LP: "lycée professionnel",
    SchoolType.LGT: "lycée général et technologique",
    SchoolType.LPO: "lycée polyvalent",
    SchoolType.EREA: "EREA",
    SchoolType.CFA: "CFA",
}
MAIL_STATES: Mapping[str, str] = {
    "requested": "À envoyer",
    "deferred": "Différé",
    "sent": "Envoyé",
    "refused": "Refusé",
    "uncertain": "Incertain",
    "unaddressed": "Sans destinataire",
    "cancelled": "Annulé",
}
TO_CHECK = "a-verifier"
MAIL_CHOICES = [(TO_CHECK, "À vérifier"), *MAIL_STATES.items()]
MAIL_MEANINGS: Mapping[str, str] = {
    "requested": "le courriel attend son tour",
    "deferred": "le courriel n’a pas encore pu partir ; un nouvel essai aura lieu",
    "sent": "le serveur de messagerie a accepté le courriel",
    "refused": "le serveur de messagerie a refusé le courriel définitivement",
    "uncertain": "la réponse du serveur s’est perdue ; un nouvel essai aura lieu",
    "unaddressed": "personne n’a ce rôle pour cet établissement dans l’annuaire",
    "cancelled": "les données de l’élève ont été effacées avant l’envoi",
}
TEMPLATES: Mapping[str, str] = {
    "alert_level_1": "Alerte de niveau 1",
    "alert_level_2": "Alerte de niveau 2",
    "parcours_opened": "Parcours ouvert",
    "status_expiring": "Fin de parcours proche",
    "status_expired": "Parcours expiré",
    "outcome_missing": "Parcours expiré sans suite connue",
    "review_overdue": "Point d’étape en retard",
    "delay_approaching": "Délai légal proche",
    "delay_reached": "Délai légal dépassé",
}
RULES: Mapping[str, str] = {
    "ABS-11": "Au moins quatre demi-journées d’absence sans motif légitime ni excuse valable dans le mois "
    "(articles L. 131-8 et R. 131-7, I, du code de l’éducation). Le mois est le mois civil ; une demi-journée "
    "compte dès le premier cours manqué.",
    "ABS-12": "Persistance du défaut d’assiduité : dix demi-journées d’absence sans motif légitime ni excuse "
    "valable dans le mois (article R. 131-7, II, du code de l’éducation ; circulaire n° 2014-159). Le mois est "
    "le mois civil ; le seuil est atteint à la dixième demi-journée.",
}


def about(template: str) -> tuple[str, str]:
    """Where the page of what an e-mail tells of is, and what that is."""
    if template.startswith("alert_"):
        return "/alertes", "l’alerte"
    return ("/delais", "le délai") if template.startswith("delay_") else ("/parcours", "le parcours")


_DAY = re.compile(rf"\b(?:\d{{1,2}}|1er) (?:{'|'.join(MONTHS)})(?: \d{{4}})?\b")


def typeset(text: str) -> str:
    """`text` with the non-breaking spaces of French typography."""
    text = _DAY.sub(lambda found: found[0].replace(" ", NBSP), text)
    for mark in ":;?!»%":
        text = text.replace(f" {mark}", f"{NBSP}{mark}")
    return (
        text.replace("« ", f"«{NBSP}")
        .replace("BO n", f"BO{NBSP}n")
        .replace("n° ", f"n°{NBSP}")
        .replace("L. ", f"L.{NBSP}")
        .replace("R. ", f"R.{NBSP}")
    )


def day(value: date | datetime | str) -> str:
    """`12 oct. 2025`, of a day or of an instant in Paris."""
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.astimezone(PARIS).date()
    number = "1er" if value.day == 1 else str(value.day)
    return f"{number}{NBSP}{_SHORT[value.month - 1]}{NBSP}{value.year}"


def version(value: str) -> str:
    """The version of a rule: a day, as a day is written."""
    try:
        return day(value)
    except ValueError:
        return value


def instant(value: datetime) -> str:
    """`12 oct. 2025 à 10 h 42`, in Paris."""
    local = value.astimezone(PARIS)
    return f"{day(local)} à {local.hour}{NBSP}h{NBSP}{local.minute:02d}"


def month(value: str) -> str:
    """`octobre 2025`, of `2025-10`."""
    year, number = value.split("-")
    return f"{MONTHS[int(number) - 1]}{NBSP}{year}"


def count(number: int, one: str, many: str) -> str:
    """`1 alerte`, `3 alertes`: in French zero is singular. Thousands are set apart by a space."""
    return f"{figure(number)}{NBSP}{one if number < 2 else many}"


def figure(number: int) -> str:
    """`12 345`, with a narrow non-breaking space."""
    return f"{number:,}".replace(",", "\u202f")


def period(value: str) -> str:
    """`matin` or `après-midi`."""
    return "matin" if value == "MORNING" else "après-midi"


def lower_first(text: str) -> str:
    """`text` for the middle of a sentence: `Décision du GPDS` gives `décision du GPDS`."""
    return text[:1].lower() + text[1:]


def full_name(row: Mapping[str, object]) -> str:
    """`MARTIN Camille`, or what stands for a name that is not known."""
    parts = [str(row[key]) for key in ("last_name", "first_name") if row[key]]
    return " ".join(parts) or "Identité non communiquée"


def act(code: str | None) -> str:
    """What somebody last did about an alert."""
    if code is None:
        return "Aucun geste"
    if code == AlertState.ACKNOWLEDGED:
        return "Prise en charge"
    return FOLLOW_UPS.get(code) or MOTIVES.get(code) or "Geste"
