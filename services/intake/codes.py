"""Why an event may be refused: a code for machines, a reason in English, one in French for files of refused rows."""

from enum import StrEnum
from typing import NamedTuple


class Reason(NamedTuple):
    """The same reason for programmers and for schools."""

    en: str
    fr: str


class Code(StrEnum):
    """Every reason for which the door refuses an event. Programs outside rely on these words."""

    NOT_JSON = "not_json"
    NOT_FINITE = "not_finite"
    BAD_TEXT = "bad_text"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    NUL = "nul"
    CONTROL_CHARACTER = "control_character"
    MISSING = "missing"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    BAD_SPECVERSION = "bad_specversion"
    BAD_CONTENT_TYPE = "bad_content_type"
    WRONG_TYPE = "wrong_type"
    BAD_VALUE = "bad_value"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    BAD_INE = "bad_ine"
    BAD_UAI = "bad_uai"
    UAI_CHECK_LETTER = "uai_check_letter"
    BAD_DATE = "bad_date"
    BAD_TIME = "bad_time"
    TIME_WITHOUT_OFFSET = "time_without_offset"
    TIME_IN_FUTURE = "time_in_future"
    BAD_IDENTIFIER = "bad_identifier"
    NOT_OPAQUE = "not_opaque"
    UNKNOWN_SCHOOL = "unknown_school"
    SCHOOL_NOT_ALLOWED = "school_not_allowed"
    UNKNOWN_SENDER = "unknown_sender"
    DATE_IN_FUTURE = "date_in_future"
    TOO_OLD = "too_old"
    OUTSIDE_SCHOOL_YEAR = "outside_school_year"
    SCHOOL_HOLIDAYS = "school_holidays"
    PUBLIC_HOLIDAY = "public_holiday"
    SUNDAY = "sunday"
    ID_REUSED = "id_reused"
    TOO_MANY_EVENTS = "too_many_events"
    # Only in files.
    TRUNCATED_LINE = "truncated_line"
    MAYBE_CUT = "maybe_cut"
    LINE_TOO_LONG = "line_too_long"
    TOO_FEW_COLUMNS = "too_few_columns"
    TOO_MANY_COLUMNS = "too_many_columns"
    UNCLOSED_QUOTE = "unclosed_quote"
    UNREADABLE_CHARACTER = "unreadable_character"
    BAD_HALF_DAY = "bad_half_day"
    BAD_YES_NO = "bad_yes_no"
    BAD_STATUS = "bad_status"

    @property
    def reason(self) -> Reason:
        """What it means, in words."""
        return _REASONS[self]

    def reason_about(self, field: str) -> Reason:
        """What it means of this field, or column, in words."""
        return _BORN_TOO_EARLY if self is Code.TOO_OLD and field in _BIRTHS else self.reason


_BIRTHS = frozenset({"data.birth_date", "date_naissance"})
_BORN_TOO_EARLY = Reason(
    "a birth date lies a hundred years back at most", "une date de naissance remonte à cent ans au plus"
)
_REASONS = {
    Code.NOT_JSON: Reason("is not valid JSON", "n'est pas du JSON valide"),
    Code.NOT_FINITE: Reason(
        "holds NaN or Infinity, which are not JSON", "contient NaN ou Infinity, qui ne sont pas du JSON"
    ),
    Code.BAD_TEXT: Reason(
        "holds a lone surrogate or bytes that are not UTF-8",
        "contient un caractère qui n'est pas de l'UTF-8 valide",
    ),
    Code.TOO_DEEP: Reason("is nested too deeply", "est imbriqué trop profondément"),
    Code.NOT_AN_OBJECT: Reason("an event is a JSON object", "un événement est un objet JSON"),
    Code.NUL: Reason("holds a NUL character", "contient un caractère nul"),
    Code.CONTROL_CHARACTER: Reason("holds a control character", "contient un caractère de contrôle"),
    Code.MISSING: Reason("is required", "est obligatoire"),
    Code.UNKNOWN_FIELD: Reason(
        "a field is not in the contract of this event", "un champ n'est pas prévu pour cet événement"
    ),
    Code.UNKNOWN_TYPE: Reason("this event type is unknown", "ce type d'événement est inconnu"),
    Code.UNKNOWN_VERSION: Reason(
        "this event type exists, but not in this version", "ce type d'événement n'existe pas dans cette version"
    ),
    Code.BAD_SPECVERSION: Reason("specversion must be 1.0", "specversion doit être 1.0"),
    Code.BAD_CONTENT_TYPE: Reason(
        "datacontenttype must be application/json", "datacontenttype doit être application/json"
    ),
    Code.WRONG_TYPE: Reason("has the wrong JSON type", "n'a pas le bon type JSON"),
    Code.BAD_VALUE: Reason("is not one of the allowed values", "n'est pas une des valeurs permises"),
    Code.TOO_LONG: Reason("is too long", "est trop long"),
    Code.EMPTY: Reason("is empty", "est vide"),
    Code.BAD_INE: Reason(
        "an INE has 11 characters in one of three national formats",
        "un INE a 11 caractères, dans un des trois formats nationaux",
    ),
    Code.BAD_UAI: Reason(
        "a UAI is seven digits and one letter", "un code UAI est formé de sept chiffres et d'une lettre"
    ),
    Code.UAI_CHECK_LETTER: Reason(
        "the check letter of this UAI is wrong", "la lettre de contrôle de ce code UAI est fausse"
    ),
    Code.BAD_DATE: Reason(
        "a date is written YYYY-MM-DD and must exist",
        "une date s'écrit JJ/MM/AAAA ou AAAA-MM-JJ et doit exister",
    ),
    Code.BAD_TIME: Reason(
        "a time is written as 2025-10-06T08:00:00+02:00 and must exist",
        "un moment s'écrit JJ/MM/AAAA HH:MM ou AAAA-MM-JJTHH:MM et doit exister",
    ),
    Code.TIME_WITHOUT_OFFSET: Reason(
        "a time must carry its offset, as 2025-10-06T08:00:00+02:00",
        "un moment doit porter son décalage horaire, comme 2025-10-06T08:00:00+02:00",
    ),
    Code.TIME_IN_FUTURE: Reason("this time is in the future", "ce moment est dans le futur"),
    Code.BAD_IDENTIFIER: Reason(
        "must be 1 to 128 characters among letters, digits and . _ : / @ ~ + = # -,"
        " and start with a letter or a digit, or with a slash before it",
        "doit avoir de 1 à 128 caractères parmi lettres, chiffres et . _ : / @ ~ + = # -,"
        " et commencer par une lettre ou un chiffre, précédé ou non d'une barre oblique",
    ),
    Code.NOT_OPAQUE: Reason(
        "holds an INE, or the pupil's name: it must say nothing about the pupil",
        "contient un INE ou le nom de l'élève : il ne doit rien dire de l'élève",
    ),
    Code.UNKNOWN_SCHOOL: Reason("this school is not in the directory", "cet établissement n'est pas dans l'annuaire"),
    Code.SCHOOL_NOT_ALLOWED: Reason(
        "this sender may not speak for this school", "cet émetteur n'est pas autorisé pour cet établissement"
    ),
    Code.UNKNOWN_SENDER: Reason("this sender is unknown or revoked", "cet émetteur est inconnu ou révoqué"),
    Code.DATE_IN_FUTURE: Reason("this day is in the future", "ce jour est dans le futur"),
    Code.TOO_OLD: Reason(
        "this day is before the first school year that is taken",
        "ce jour est antérieur à la première année scolaire prise en compte",
    ),
    Code.OUTSIDE_SCHOOL_YEAR: Reason(
        "this day is outside the school year: summer holidays",
        "ce jour est hors de l'année scolaire : vacances d'été",
    ),
    Code.SCHOOL_HOLIDAYS: Reason(
        "this day is in the school holidays of the school's zone",
        "ce jour est dans les vacances scolaires de la zone de l'établissement",
    ),
    Code.PUBLIC_HOLIDAY: Reason("this day is a public holiday", "ce jour est férié"),
    Code.SUNDAY: Reason("this day is a Sunday", "ce jour est un dimanche"),
    Code.ID_REUSED: Reason(
        "this id was already used by its source for another content",
        "cet identifiant a déjà servi à la même source pour un autre contenu",
    ),
    Code.TOO_MANY_EVENTS: Reason("there are too many events in this message", "il y a trop d'événements"),
    Code.TRUNCATED_LINE: Reason(
        "the file stops in the middle of this line",
        "le fichier s'arrête au milieu de cette ligne : a-t-il été coupé pendant une copie ?",
    ),
    Code.MAYBE_CUT: Reason(
        "the file stops here without a line end, this value may be cut: add a line end if it is whole",
        "le fichier s'arrête ici, sans fin de ligne : cette valeur est peut-être coupée ; si elle est entière,"
        " ajoutez une fin de ligne (la touche Entrée)",
    ),
    Code.LINE_TOO_LONG: Reason(
        "a line has 65,535 characters at most: is a line end missing?",
        "une ligne a 65 535 caractères au plus : manque-t-il une fin de ligne ?",
    ),
    Code.TOO_FEW_COLUMNS: Reason("columns are missing on this line", "il manque des colonnes sur cette ligne"),
    Code.TOO_MANY_COLUMNS: Reason(
        "there are more values than columns on this line", "il y a plus de valeurs que de colonnes sur cette ligne"
    ),
    Code.UNCLOSED_QUOTE: Reason(
        "a quotation mark is not closed on this line", "un guillemet n'est pas fermé sur cette ligne"
    ),
    Code.UNREADABLE_CHARACTER: Reason(
        "a character is not in the encoding of the file",
        "un caractère n'est pas dans l'encodage du reste du fichier",
    ),
    Code.BAD_HALF_DAY: Reason(
        "a half-day is M or matin, AM, A or apres-midi",
        "une demi-journée s'écrit M ou matin, AM, A ou après-midi",
    ),
    Code.BAD_YES_NO: Reason("must be O or N", "doit être O ou N (oui, non, 1, 0, vrai, faux)"),
    Code.BAD_STATUS: Reason("must be scolaire, élève or apprenti", "doit être scolaire, élève ou apprenti"),
}
