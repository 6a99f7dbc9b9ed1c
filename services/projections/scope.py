"""Who sees what: the one place where a person's role and territory become the schools they may look at.

Every query takes a `Scope`; PostgreSQL holds it against each row once more (`read_models.sql`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from contracts.directory import Actor, Role, School


class Sees(Enum):
    """How much of a territory somebody sees (rule book §7.1, column "should see")."""

    PUPILS = "pupils"  # lists with names: alerts, e-mails, parcours, delays
    PARCOURS = "parcours"  # parcours and delays with names, nothing of what the school noted
    COUNTS = "counts"  # figures by school, nobody's name
    NOTHING = "nothing"  # no page for this role yet


_OWN_SCHOOL = frozenset({Role.CHEF_ETAB, Role.CPE, Role.RDS})
_SEES: Mapping[Role, Sees] = {
    Role.CHEF_ETAB: Sees.PUPILS,
    Role.CPE: Sees.PUPILS,
    Role.RDS: Sees.PUPILS,
    Role.COORD_MLDS: Sees.PUPILS,
    Role.DCIO: Sees.PARCOURS,
    Role.MISSION_LOCALE: Sees.PARCOURS,
    Role.RECTEUR: Sees.COUNTS,
    Role.DRAIO: Sees.COUNTS,
    Role.DASEN: Sees.COUNTS,
    Role.IEN_IO: Sees.COUNTS,
    Role.DOYEN: Sees.COUNTS,
    Role.DRAFPICA: Sees.COUNTS,
    Role.RESP_FOQUALE: Sees.COUNTS,
}
_LEAD = frozenset({Role.CHEF_ETAB, Role.COORD_MLDS})
_KEEP_DELAYS = _LEAD | {Role.DCIO, Role.MISSION_LOCALE}
_FEW_ARE_HIDDEN = frozenset({Role.RECTEUR, Role.DRAIO, Role.DOYEN, Role.DRAFPICA})


@dataclass(frozen=True)
class Scope:
    """What one person may look at now. `schools` in the order of their names."""

    actor: Actor
    schools: tuple[School, ...]
    sees: Sees

    @property
    def uais(self) -> tuple[str, ...]:
        """The schools' identifiers."""
        return tuple(school.uai for school in self.schools)

    @property
    def sees_alerts(self) -> bool:
        """Whether absences, alerts and e-mails are shown, with names."""
        return self.sees is Sees.PUPILS

    @property
    def sees_parcours(self) -> bool:
        """Whether parcours and delays are shown, with names."""
        return self.sees in (Sees.PUPILS, Sees.PARCOURS)

    @property
    def may_lead(self) -> bool:
        """Whether this person opens parcours and acts on them: others read."""
        return self.sees_parcours and self.actor.role in _LEAD

    @property
    def may_keep_delays(self) -> bool:
        """Whether this person starts and ends the delays the law gives."""
        return self.sees_parcours and self.actor.role in _KEEP_DELAYS

    @property
    def hides_few(self) -> bool:
        """Whether a school's figures are withheld where they are so small that they could name somebody."""
        return self.actor.role in _FEW_ARE_HIDDEN

    @property
    def is_one_school(self) -> bool:
        """Whether this is the view of a single school."""
        return self.actor.role in _OWN_SCHOOL

    def includes(self, uai: str) -> bool:
        """Whether a school is in this territory."""
        return any(school.uai == uai for school in self.schools)


def scope_of(actor: Actor, schools: Iterable[School], day: date) -> Scope:
    """What `actor` sees on `day`: nothing outside the dates of the appointment.

    A head, a CPE or a referent has one school, whatever wider code the directory may give by mistake.
    """
    own = actor.role in _OWN_SCHOOL
    covered = [s for s in schools if (s.uai == actor.territory if own else actor.covers(s))]
    if not actor.in_charge_on(day):
        return Scope(actor, (), Sees.NOTHING)
    covered.sort(key=lambda school: (school.name, school.uai))
    return Scope(actor, tuple(covered), _SEES.get(actor.role, Sees.NOTHING))
