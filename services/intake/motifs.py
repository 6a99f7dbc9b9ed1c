"""The reason of an absence as a school wrote it becomes a category; the text itself is never kept (rule DP-14)."""

import re
import unicodedata
from functools import lru_cache

from contracts.school import ReasonCategory

_LONGEST = 200  # what follows is not looked at
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
# The same as plain words, with and without the letters that may be left out.
_STEMS = {
    re.sub(r"(.)\?|\\b", optional, stem).replace(".", "'")
    for _, stems in _KEYWORDS
    for stem in stems.split("|")
    for optional in ("", r"\1")
}
_BEGINNINGS = frozenset(stem[:length] for stem in _STEMS for length in range(1, len(stem)))
_PATTERNS = tuple((category, re.compile(pattern)) for category, pattern in _KEYWORDS)


def category_of(motif: str) -> ReasonCategory | None:
    """The category of a reason written freely; None when nothing is written."""
    return _category(motif.strip()[:_LONGEST])


def may_become_known(motif: str) -> bool:
    """Whether it says nothing that is known, but ends with the beginning of a word that is."""
    if category_of(motif) is not ReasonCategory.OTHER or len(motif) > _LONGEST:
        return False
    folded = _folded(motif)
    return any(folded[word.start() :] in _BEGINNINGS for word in re.finditer(r"\b\w", folded))


def _folded(motif: str) -> str:
    return unicodedata.normalize("NFKD", motif.replace("œ", "oe")).encode("ascii", "ignore").decode().lower()


@lru_cache(1024)
def _category(motif: str) -> ReasonCategory | None:
    if not motif:
        return None
    folded = _folded(motif)
    for category, pattern in _PATTERNS:
        if pattern.search(folded):
            return category
    return ReasonCategory.OTHER
