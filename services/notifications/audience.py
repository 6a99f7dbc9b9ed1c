"""Who is told of what: one row an e-mail."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from contracts.delays import DelayKind
from contracts.directory import Role
from contracts.notifications import MailTemplate
from contracts.parcours import Scheme
from services.notifications.facts import Fact

HEAD, CPE, COORDINATOR = Role.CHEF_ETAB, Role.CPE, Role.COORD_MLDS
DCIO, MISSION_LOCALE, CFA = Role.DCIO, Role.MISSION_LOCALE, Role.CFA

PARTNERS = frozenset({DCIO, MISSION_LOCALE, CFA})
"""Not every territory has them: where the directory has nobody, no e-mail waits for somebody."""

STANDS_IN = HEAD
"""Told of a delay where the directory has nobody of those who are to be: somebody must know."""


@dataclass(frozen=True, slots=True)
class Told:
    """This role is told, of facts where each field named in `when` has one of its values."""

    role: Role
    when: Mapping[str, Collection[object]]

    def hears(self, fact: Fact) -> bool:
        """Whether this fact is one it is told of."""
        return all(getattr(fact, field) in values for field, values in self.when.items())


def told(role: Role, **when: Collection[object]) -> Told:
    """`told(HEAD, days=(7, 1))`: the head, of those facts only."""
    return Told(role, when)


_AFTER_SCHOOL = (Scheme.AMBITION_EMPLOI, Scheme.AVENIR_PRO_PLUS)
_WITH_SCHOOL = (Scheme.TDO, Scheme.PAFI)
_APPRENTICES = (DelayKind.APPRENTICE_WITHOUT_CONTRACT, DelayKind.APPRENTICE_AFTER_RUPTURE)
_DELAY = (
    told(COORDINATOR),
    told(CFA, kind=_APPRENTICES),
    told(HEAD, kind=_APPRENTICES),
    told(MISSION_LOCALE, kind=(*_APPRENTICES, DelayKind.OF_SUMMONS)),
    told(DCIO, kind=(DelayKind.RETURN_INTERVIEW, DelayKind.OF_SUMMONS)),
)

AUDIENCE: Mapping[MailTemplate, tuple[Told, ...]] = {
    MailTemplate.ALERT_LEVEL_1: (told(HEAD), told(CPE)),
    MailTemplate.ALERT_LEVEL_2: (told(HEAD), told(CPE), told(COORDINATOR)),
    MailTemplate.PARCOURS_OPENED: (
        told(HEAD),
        told(COORDINATOR),
        told(DCIO, scheme=_WITH_SCHOOL),
        told(MISSION_LOCALE),
    ),
    MailTemplate.STATUS_EXPIRING: (
        told(HEAD, days=(7, 1)),
        told(COORDINATOR),
        told(MISSION_LOCALE, days=(30, 7), scheme=_AFTER_SCHOOL),
    ),
    MailTemplate.STATUS_EXPIRED: (told(HEAD), told(COORDINATOR), told(DCIO), told(MISSION_LOCALE)),
    MailTemplate.OUTCOME_MISSING: (told(HEAD), told(COORDINATOR)),
    MailTemplate.REVIEW_OVERDUE: (told(COORDINATOR),),
    MailTemplate.DELAY_APPROACHING: _DELAY,
    MailTemplate.DELAY_REACHED: _DELAY,
}


def audience_of(fact: Fact) -> tuple[Role, ...]:
    """The roles that are told of `fact`."""
    return tuple(row.role for row in AUDIENCE[fact.template] if row.hears(fact))


def standing_in(fact: Fact) -> tuple[Role, ...]:
    """The roles that are told of `fact` where nobody else can be."""
    return () if AUDIENCE[fact.template] is not _DELAY or STANDS_IN in audience_of(fact) else (STANDS_IN,)
