"""Schools and the people in charge, with what each is in charge of (KV bucket DIRECTORY)."""

from collections.abc import Mapping
from datetime import date
from email.headerregistry import Address
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from contracts.identifiers import ActorId, Uai

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s<>\",;]+@[^@\s<>\",;]+\.[^@\s<>\",;]+$", max_length=254)]

TOULOUSE = "16"
"""The académie of whoever names none."""

EMPTY = "the directory holds no school and nobody in charge: load it with `perseverance directory load`"
"""What is said of it, by whoever cannot work as long as it is so."""


def is_address(text: str) -> bool:
    """Whether `text` can be read as an e-mail address, which is narrower than the pattern of `Email`."""
    try:
        Address(addr_spec=text)
    except Exception:  # noqa: BLE001  (of "a@[b" the standard library raises AttributeError, of others yet something else)
        return False
    return True


class Role(StrEnum):
    """The addressees of the circular and their partners."""

    RECTEUR = "RECTEUR"
    DRAIO = "DRAIO"
    DASEN = "DASEN"
    IEN_IO = "IEN_IO"
    DOYEN = "DOYEN"
    DRAFPICA = "DRAFPICA"
    CHEF_ETAB = "CHEF_ETAB"
    CPE = "CPE"
    RDS = "RDS"
    REFERENT = "REFERENT"
    RESP_FOQUALE = "RESP_FOQUALE"
    DCIO = "DCIO"
    COORD_MLDS = "COORD_MLDS"
    MISSION_LOCALE = "MISSION_LOCALE"
    SPRO = "SPRO"
    FRANCE_TRAVAIL = "FRANCE_TRAVAIL"
    CFA = "CFA"
    SERV_SOCIAL = "SERV_SOCIAL"
    PCD = "PCD"


_TERRITORIES: Mapping[Role, "attrgetter[tuple[Code | None, ...]]"] = {
    **dict.fromkeys(Role, attrgetter("uai", "network", "department", "academy")),
    Role.COORD_MLDS: attrgetter("uai", "network", "basin", "department", "academy"),
    Role.DCIO: attrgetter("uai", "cio", "psad", "network", "department", "academy"),
    Role.MISSION_LOCALE: attrgetter("uai", "mission_locale", "network", "department", "academy"),
}


class SchoolType(StrEnum):
    """Kinds of second-degree schools."""

    CLG = "CLG"
    LP = "LP"
    LGT = "LGT"
    LPO = "LPO"
    EREA = "EREA"
    CFA = "CFA"


class School(BaseModel):
    """A school and every territory it belongs to; perimeters differ, so each is named (TER-06)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    uai: Uai
    name: str
    type: SchoolType
    department: Code
    basin: Code | None = None
    network: Code | None = None
    psad: Code | None = None
    cio: Code | None = None
    mission_locale: Code | None = None
    zone: Literal["A", "B", "C"] = "C"
    academy: Code = TOULOUSE

    def territories(self, role: Role) -> tuple[Code | None, ...]:
        """Where somebody in `role` may be in charge of this school, the narrowest first; None for what is not known."""
        return _TERRITORIES[role](self)


class Actor(BaseModel):
    """Someone with a role on a territory, from `since` to `until` included."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: ActorId
    name: str
    email: Email
    role: Role
    territory: Code
    since: date | None = None
    until: date | None = None

    def in_charge_on(self, day: date) -> bool:
        """Whether the appointment covers `day`."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def covers(self, school: School) -> bool:
        """Whether `school` is in this person's territory: one of those that count for the role."""
        return self.territory in school.territories(self.role)
