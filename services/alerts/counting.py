"""Which half-days of a month count, and why the others do not (rules AMB-1 to AMB-3, AMB-10). Pure."""

from collections.abc import Collection, Mapping

from services.alerts.events import (
    Counted,
    Fact,
    FactNoted,
    LeftOut,
    Noted,
    PartnerDays,
    Slot,
    Status,
    Tally,
    Why,
)

_WHY = {Status.JUSTIFIED: Why.JUSTIFIED, Status.CANCELLED: Why.CANCELLED}


def why_left_out(fact: Fact, partner_days: Collection[PartnerDays]) -> Why | None:
    """Why the half-day of `fact` does not count, or None: it does.

    A structure that reports its own absences is another school than the home school: those count.
    """
    if fact.status is not Status.UNJUSTIFIED:
        return _WHY[fact.status]
    for each in partner_days:
        if each.excuse(fact):
            return Why.IN_PARCOURS
    return None


def why_lifted(noted: Noted, partner_days: Collection[PartnerDays]) -> Why:
    """What made the count fall. A report may: by the home school, about a day the pupil was with a partner."""
    why = why_left_out(noted.fact, partner_days) if isinstance(noted, FactNoted) else None
    return why or Why.IN_PARCOURS


def tally_of(half_days: Mapping[Slot, Fact], partner_days: Collection[PartnerDays]) -> Tally:
    """The half-days of a month, in order: those that count, those that do not."""
    counted, left_out = [], []
    for slot, fact in sorted(half_days.items()):
        why = why_left_out(fact, partner_days)
        if why is None:
            counted.append(Counted(slot, fact.uai))
        else:
            left_out.append(LeftOut(slot, fact.uai, why, fact.category))
    return Tally(counted, left_out)
