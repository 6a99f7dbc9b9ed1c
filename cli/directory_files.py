"""The two files of the directory: schools, and the people in charge. Each line becomes an entry or says why not."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from cli.csv_files import FieldError, Refused, Row, parse_date, rows
from contracts.directory import TOULOUSE, Actor, Role, School, SchoolType, is_address

SCHOOL_COLUMNS = (
    "uai",
    "nom",
    "type",
    "departement",
    "bassin",
    "reseau_foquale",
    "psad",
    "cio",
    "mission_locale",
    "zone",
)
ACADEMIE = "academie"
"""A column of schools that may be missing."""
ACTOR_COLUMNS = ("id", "nom", "email", "role", "territoire", "du", "au")

_TYPES = {
    "COLLEGE": SchoolType.CLG,
    "COLLÈGE": SchoolType.CLG,
    "LEGT": SchoolType.LGT,  # lycée d'enseignement général et technologique
    **{kind.value: kind for kind in SchoolType},
}
_CODE = "a code is letters, digits, '.', '_' or '-', 64 at most"
_COLUMN_OF = {
    "uai": ("uai", "a UAI is seven digits and their check letter"),
    "department": ("departement", _CODE),
    "basin": ("bassin", _CODE),
    "network": ("reseau_foquale", _CODE),
    "psad": ("psad", _CODE),
    "cio": ("cio", _CODE),
    "mission_locale": ("mission_locale", _CODE),
    "zone": ("zone", "a school zone is A, B or C"),
    "academy": (ACADEMIE, _CODE),
    "id": ("id", "an id is letters, digits, '.', '_' or '-', 64 at most"),
    "email": ("email", "not an e-mail address"),
    "territory": ("territoire", _CODE),
}
MAX_NAME = 200

T = TypeVar("T", School, Actor)


@dataclass(frozen=True, slots=True)
class Entries(Generic[T]):
    """What a file holds: the entries by their id, the line each stands on, and the lines refused."""

    entries: dict[str, T] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)


def read_schools(path: Path) -> Entries[School]:
    """The schools of a file. Raises UnusableFileError."""
    return _read(path, SCHOOL_COLUMNS, "uai", school_of)


def read_actors(path: Path) -> Entries[Actor]:
    """The people in charge of a file. Raises UnusableFileError."""
    return _read(path, ACTOR_COLUMNS, "id", actor_of)


def school_of(values: Mapping[str, str]) -> School:
    """The school written on a line. Raises FieldError."""
    kind = _TYPES.get(values["type"].upper())
    if kind is None:
        raise FieldError("type", f"one of COLLEGE, LEGT, {', '.join(SchoolType)}")
    return _valid(
        School,
        uai=values["uai"].upper(),
        name=_name(values["nom"]),
        type=kind,
        department=_code(values["departement"]),
        basin=_code(values["bassin"]) or None,
        network=_code(values["reseau_foquale"]) or None,
        psad=_code(values["psad"]) or None,
        cio=_code(values["cio"]) or None,
        mission_locale=_code(values["mission_locale"]) or None,
        zone=values["zone"].upper() or "C",
        academy=_code(values.get(ACADEMIE, "")) or TOULOUSE,
    )


def actor_of(values: Mapping[str, str]) -> Actor:
    """The person written on a line. Raises FieldError."""
    if values["role"].upper() not in set(Role):
        raise FieldError("role", f"one of {', '.join(Role)}")
    since = parse_date(values["du"], "du") if values["du"] else None
    until = parse_date(values["au"], "au") if values["au"] else None
    if since and until and until < since:
        raise FieldError("au", "this day is before the one in `du`")
    return _valid(
        Actor,
        id=values["id"],
        name=_name(values["nom"]),
        email=_address(values["email"]),
        role=Role(values["role"].upper()),
        territory=territory_of(values["territoire"]),
        since=since,
        until=until,
    )


def territory_of(text: str) -> str:
    """The territory that people write so: a UAI, or a code as the directory holds it."""
    return text.upper() if _is_uai(text) else _code(text)


def _read(path: Path, columns: tuple[str, ...], key: str, entry_of: Callable[[Mapping[str, str]], T]) -> Entries[T]:
    found: Entries[T] = Entries()
    for row in rows(path, columns):
        try:
            entry = _entry(row, entry_of)
            name = entry.uai if isinstance(entry, School) else entry.id
            _check_new(name, key, found.lines)
        except FieldError as error:
            found.refused.append(Refused(row.line, error.column, error.reason))
            continue
        found.entries[name] = entry
        found.lines[name] = row.line
    return found


def _entry(row: Row, entry_of: Callable[[Mapping[str, str]], T]) -> T:
    if row.fault:
        raise FieldError("", row.fault)
    return entry_of(row.values)


def _check_new(name: str, column: str, lines: Mapping[str, int]) -> None:
    if name in lines:
        mend = ": a second appointment needs an id of its own" if column == "id" else ""
        raise FieldError(column, f"already on line {lines[name]}{mend}")


def _valid(model: type[T], **values: object) -> T:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # The exception quotes the values: only the place and a reason of ours come out of here.
        place = str(error.errors(include_input=False, include_url=False)[0]["loc"][0])
        column, reason = _COLUMN_OF[place]
        raise FieldError(column, reason) from None


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise FieldError("nom", "empty")
    if len(name) > MAX_NAME or not name.isprintable():
        raise FieldError("nom", f"at most {MAX_NAME} characters, all printable")
    return name


def _code(text: str) -> str:
    """Spreadsheets eat the zero of `09`, and UAIs write it `009`: both mean 09. `02a` is 2A.

    Of every kind of territory alike: what somebody is in charge of does not say which kind it is.
    """
    if re.fullmatch("[0-9]{1,3}", text):
        return f"{int(text):02d}"
    return text[-2:].upper() if re.fullmatch("0?2[ab]", text, re.IGNORECASE) else text


def _address(text: str) -> str:
    if not text.isascii():
        raise FieldError("email", "an e-mail address has no accents")
    if not is_address(text):
        raise FieldError("email", "not an e-mail address")
    return text


def _is_uai(text: str) -> bool:
    return len(text) == 8 and text[:7].isdigit() and text[7].isalpha()
