"""What the columns of the two files mean: a line becomes a draft, or the column and the reason it cannot.

`ine;uai;date;demi_journee;justifiee;motif` and `ine;uai;nom;prenom;date_naissance;classe;mef;statut`, each with
an optional `maj`: the moment the school last touched the row, in Paris time.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from chassis.clock import PARIS
from contracts.identifiers import Period
from contracts.incoming import EnrolStudent, Incoming, ReportAbsence
from contracts.school import PupilStatus
from services.intake.codes import Code
from services.intake.drafts import Draft
from services.intake.motifs import category_of
from services.intake.reading import in_utc, refusal_of, unprintable
from services.intake.verdicts import Refusal

Values = Mapping[str, str]

_FRENCH_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"([0-9]{1,2})[:hH]([0-9]{2})(?::([0-9]{2}))?")
_ISO_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_PERIODS = {
    **dict.fromkeys(("m", "mat", "matin", "matinee"), Period.MORNING),
    **dict.fromkeys(("am", "a", "apresmidi"), Period.AFTERNOON),
}
_YES_NO = {
    **dict.fromkeys(("o", "oui", "1", "vrai", "true", *"✓✔☑✅√"), True),
    **dict.fromkeys(("n", "non", "0", "faux", "false", ""), False),
}
_STATUSES = {
    **dict.fromkeys(("", "scolaire", "eleve", "st", "statutscolaire", "student"), PupilStatus.STUDENT),
    **dict.fromkeys(("apprenti", "apprentie", "ap", "apprentissage", "apprentice"), PupilStatus.APPRENTICE),
}


class _ColumnError(Exception):
    """A value that cannot be what its column says."""

    def __init__(self, column: str, code: Code) -> None:
        super().__init__(code)
        self.refusal = Refusal(column, code)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its columns, and how its fields are called in the contract."""

    name: str
    columns: tuple[str, ...]
    column_of: Mapping[str, str]
    data: Callable[[Values], Incoming]

    @property
    def source(self) -> str:
        """The CloudEvents source of its rows."""
        return f"/import/{self.name}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it looks at, needed or not."""
        return (*self.columns, "maj")

    def draft(self, values: Values) -> Draft | Refusal:
        """What the row says; a refusal names the column."""
        try:
            data = self.data(values)
            refusal = unprintable(data)
            if refusal is not None:
                return self.in_columns(refusal)
            return Draft(None, self.source, _moment(values.get("maj", "")), data)
        except _ColumnError as error:
            return error.refusal
        except ValidationError as error:
            return self.in_columns(refusal_of(error))

    def in_columns(self, refusal: Refusal) -> Refusal:
        """The refusal with the column in place of the contract's field."""
        field = refusal.field.removeprefix("data.")
        return Refusal(self.column_of.get(field, field), refusal.code, refusal.at)


def _absence(values: Values) -> ReportAbsence:
    return ReportAbsence(
        ine=_identifier(values, "ine"),
        uai=_identifier(values, "uai"),
        date=_date(values, "date"),
        period=_one_of(_PERIODS, values, "demi_journee", Code.BAD_HALF_DAY),
        justified=_one_of(_YES_NO, values, "justifiee", Code.BAD_YES_NO),
        category=category_of(values["motif"]),
    )


def _student(values: Values) -> EnrolStudent:
    born = values["date_naissance"]
    return EnrolStudent(
        ine=_identifier(values, "ine"),
        uai=_identifier(values, "uai"),
        last_name=values["nom"] or None,
        first_name=values["prenom"] or None,
        birth_date=_date(values, "date_naissance") if born else None,
        class_name=values["classe"] or None,
        mef=values["mef"] or None,
        status=_one_of(_STATUSES, values, "statut", Code.BAD_STATUS),
    )


ABSENCES = Kind(
    "absences",
    ("ine", "uai", "date", "demi_journee", "justifiee", "motif"),
    {"period": "demi_journee", "justified": "justifiee", "category": "motif", "time": "maj"},
    _absence,
)
STUDENTS = Kind(
    "students",
    ("ine", "uai", "nom", "prenom", "date_naissance", "classe", "mef", "statut"),
    {
        "last_name": "nom",
        "first_name": "prenom",
        "birth_date": "date_naissance",
        "class_name": "classe",
        "status": "statut",
        "time": "maj",
    },
    _student,
)
KINDS = {kind.name: kind for kind in (STUDENTS, ABSENCES)}


def _identifier(values: Values, column: str) -> str:
    if not values[column]:
        raise _ColumnError(column, Code.MISSING)
    return "".join(values[column].split()).upper()  # spreadsheets write no-break spaces


def _one_of(meanings: Mapping[str, Any], values: Values, column: str, code: Code) -> Any:
    written = values[column]
    if not written and "" not in meanings:
        raise _ColumnError(column, Code.MISSING)
    known = _letters(written)
    # What is written in signs alone (a dash, a cross) is not what is left empty: nobody knows what it says.
    if known not in meanings or (written and not known):
        raise _ColumnError(column, code)
    return meanings[known]


def _letters(text: str) -> str:
    """`Après-midi` -> `apresmidi`. Accents, punctuation and spaces go; any other sign may mean something, and stays."""
    plain = unicodedata.normalize("NFKD", text).lower()
    return "".join(letter for letter in plain if letter.isalnum() or not _goes(letter))


def _goes(letter: str) -> bool:
    return letter.isascii() or unicodedata.category(letter)[0] in "MPZC"


def _date(values: Values, column: str) -> date:
    text = values[column]
    if not text:
        raise _ColumnError(column, Code.MISSING)
    found = _day(text)
    if found is None:
        raise _ColumnError(column, Code.BAD_DATE)
    return found


def _day(text: str) -> date | None:
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
        if french := _FRENCH_DATE.fullmatch(text):
            return date(int(french[3]), int(french[2]), int(french[1]))
    except ValueError:
        pass
    return None


def _moment(text: str) -> datetime | None:
    """The moment in column `maj`, in UTC; Paris time unless it carries its offset. None when empty."""
    if not text:
        return None
    try:
        if _ISO_TIME.fullmatch(text):
            found = datetime.fromisoformat(text)
        else:
            day, _, clock = text.partition(" ")
            at = _CLOCK.fullmatch(clock.strip().removeprefix("à ").strip() or "00:00")
            on = _day(day)
            if on is None or at is None:
                raise _ColumnError("maj", Code.BAD_TIME)
            found = datetime(on.year, on.month, on.day, int(at[1]), int(at[2]), int(at[3] or 0))  # noqa: DTZ001
        if found.tzinfo is None:
            found = found.replace(tzinfo=PARIS)
    except ValueError:
        raise _ColumnError("maj", Code.BAD_TIME) from None
    moment = in_utc(found)
    if isinstance(moment, Code):
        raise _ColumnError("maj", moment)
    return moment
