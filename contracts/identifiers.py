"""Identifiers of the French school system as types: checked once, at the edge, then trusted."""

import re
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, WithJsonSchema

UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_UAI = re.compile(r"[0-9]{7}[A-Z]")
_INE_FORMATS = (
    re.compile(r"[0-9]{9}[A-Z]{2}"),  # RNIE, since the 2018 school year
    re.compile(r"[0-9]{10}[A-Z]"),  # BEA, the former academic base
    re.compile(r"[0-9]{4}A[0-9]{5}[A-Z]"),  # apprenticeship
)
_SCHOOL_YEAR = re.compile(r"([0-9]{4})-([0-9]{4})")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
SCHOOL_YEAR_STARTS_IN = 8  # August: la rentrée may fall on its last days


def check_uai(value: str) -> str:
    """Return `value` if it is a UAI: seven digits and their check letter (rule ID-01).

    Raises ValueError, without the value, when the form or the letter is wrong.
    """
    if not _UAI.fullmatch(value):
        raise ValueError("a UAI is seven digits and one letter")
    if UAI_LETTERS[int(value[:7]) % 23] != value[7]:
        raise ValueError("the check letter of this UAI is wrong")
    return value


def check_ine(value: str) -> str:
    """Return `value` if it has one of the three INE forms (rule ID-03).

    Its last character is never checked: no source gives the algorithm (rule ID-05).
    """
    if not any(form.fullmatch(value) for form in _INE_FORMATS):
        raise ValueError("an INE has 11 characters in one of three national formats")
    return value


def check_school_year(value: str) -> str:
    """Return `value` if it is two consecutive years, as `2025-2026` (rule ID-09)."""
    years = _SCHOOL_YEAR.fullmatch(value)
    if not years or int(years[2]) != int(years[1]) + 1:
        raise ValueError("a school year is two consecutive years, as 2025-2026")
    return value


def file_number(about_id: UUID) -> str:
    """`2C73-1370`: how people name an alert, a parcours or a delay to each other, in e-mails and on pages alike."""
    return f"{about_id.hex[:4]}-{about_id.hex[4:8]}".upper()


def check_month(value: str) -> str:
    """Return `value` if it is a calendar month, as `2025-10`."""
    if not _MONTH.fullmatch(value):
        raise ValueError("a month is written YYYY-MM")
    return value


def _shown_as(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$", "examples": [example]})


Uai = Annotated[str, AfterValidator(check_uai), _shown_as(f"[0-9]{{7}}[{UAI_LETTERS}]", "0319001R")]
Ine = Annotated[str, AfterValidator(check_ine), _shown_as("|".join(f.pattern for f in _INE_FORMATS), "990000001AB")]
SchoolYear = Annotated[str, AfterValidator(check_school_year), _shown_as(_SCHOOL_YEAR.pattern, "2025-2026")]
Month = Annotated[str, AfterValidator(check_month), _shown_as(_MONTH.pattern, "2025-10")]
StudentId = UUID
ActorId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


@lru_cache(maxsize=1024)
def school_year_of(day: date) -> str:
    """The school year `day` belongs to; a year runs from 1 August to 31 July."""
    first = day.year if day.month >= SCHOOL_YEAR_STARTS_IN else day.year - 1
    return f"{first:04d}-{first + 1:04d}"


@lru_cache(maxsize=1024)
def month_of(day: date) -> str:
    """The calendar month of `day`, as `2025-10`."""
    return f"{day.year:04d}-{day.month:02d}"


@lru_cache(maxsize=1024)
def first_day_of(month: str) -> date:
    """The first day of a calendar month written as `2025-10`."""
    return date.fromisoformat(f"{month}-01")


class Period(StrEnum):
    """The two halves of a school day."""

    MORNING = "MORNING"
    AFTERNOON = "AFTERNOON"


Day = date  # in HalfDay the name `date` is a field


class HalfDay(BaseModel):
    """One half-day of a pupil's week: the unit in which absence is counted (rule AMB-3)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    date: date
    period: Period

    def __lt__(self, other: Self) -> bool:
        return self.sort_key < other.sort_key

    @property
    def sort_key(self) -> tuple[Day, bool]:
        """Chronological order: the morning comes before the afternoon."""
        return (self.date, self.period is Period.AFTERNOON)
