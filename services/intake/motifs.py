"""The reason of an absence as a school wrote it becomes a category; the text itself is never kept (rule DP-14)."""

import re
import unicodedata
from functools import lru_cache

from contracts.school import ReasonCategory

# The first that matches. Health comes first: what may be about it must not pass for something else.
_KEYWORDS = (
    (
        ReasonCategory.HEALTH,
        r"malad|souffran|sante|medic|medecin|docteur|hopita|hospital|clinique|infirm|dentist|dentaire|orthodon"
        r"|ophtalm|kine|orthophon|psy|chirurg|operation|blessure|fievre|grippe|gastro|covid|angine|migraine"
        r"|contagi|vaccin|therap|soins?\b|accident|\bcmp\b|\bsamu\b",
    ),
    (
        ReasonCategory.TRANSPORT,
        r"transport|\bbus\b|\bcars?\b|\btrains?\b|\bmetro\b|\btram|sncf|\bter\b|greve|panne|intemper|neige|verglas"
        r"|inondation|circulation|bouchon|vehicule|voiture",
    ),
    (
        ReasonCategory.SCHOOL_ACTIVITY,
        r"sortie|voyage|stage|pfmp|entreprise|unss|competition|activite|concours|examen|\bccf\b|\bdnb\b|\bbac\b"
        r"|portes? ouvertes?|journee d.immersion|immersion|delegue|projet|orientation|\bcio\b|exclu",
    ),
    (
        ReasonCategory.ADMINISTRATIVE,
        r"administ|convoc|prefect|mairie|tribunal|justice|juge|avocat|police|gendarm|consulat|ambassade|papiers"
        r"|passeport|permis|code de la route|\bjdc\b|\bjapd\b|citoyen|demarche|\baffelnet\b|inscription",
    ),
    (
        ReasonCategory.FAMILY,
        r"famil|parent|\bpere\b|\bmere\b|frere|soeur|grand|\bdeces\b|obseques|enterre|deuil|mariage|naissance"
        r"|bapteme|reunion solennelle|fete|demenag|garde d",
    ),
)
_PATTERNS = tuple((category, re.compile(pattern)) for category, pattern in _KEYWORDS)


def category_of(motif: str) -> ReasonCategory | None:
    """The category of a reason written freely; None when nothing is written."""
    return _category(motif.strip()[:200])


@lru_cache(1024)
def _category(motif: str) -> ReasonCategory | None:
    if not motif:
        return None
    folded = unicodedata.normalize("NFKD", motif.replace("œ", "oe")).encode("ascii", "ignore").decode().lower()
    for category, pattern in _PATTERNS:
        if pattern.search(folded):
            return category
    return ReasonCategory.OTHER
