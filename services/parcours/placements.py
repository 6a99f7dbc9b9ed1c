"""Periods in a company (PFMP): within the parcours, one at a time, and not more of it than allowed. Pure."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from services.parcours.days import Span, days_in, overlap
from services.parcours.events import Gauge
from services.parcours.refusals import Refused, written
from services.parcours.rules import SchemeRules

Placements = dict[UUID, Span]


def check_placement(
    placement_id: UUID, period: Span, placements: Placements, parcours: Span, pauses: Iterable[Span]
) -> None:
    """Whether this period fits among the others. Raises Refused."""
    first, last = period
    if last < first:
        raise Refused(
            "placement_end_before_start",
            "La fin de la période précède son début.",
            f"Choisissez une fin à partir du {written(first)}.",
        )
    if first < parcours[0] or parcours[1] < last:
        raise Refused(
            "placement_outside",
            "La période en entreprise doit tenir dans le parcours.",
            f"Choisissez des jours du {written(parcours[0])} au {written(parcours[1])}.",
        )
    others = [each for key, each in placements.items() if key != placement_id]
    if any(overlap(period, each) for each in others):
        raise Refused(
            "placement_overlaps",
            "Une autre période en entreprise est déjà prévue ces jours-là.",
            "Choisissez d’autres jours, ou modifiez l’autre période.",
        )
    if any(overlap(period, pause) for pause in pauses):
        raise Refused("placement_in_pause", "Le parcours est suspendu ces jours-là.", "Choisissez d’autres jours.")


def check_share(scheme: SchemeRules, gauge: Gauge) -> None:
    """Whether so many days in placement are allowed (AE-06, AMB-5). Raises Refused."""
    share = scheme.share
    if share and gauge.most is not None and gauge.placement_days > gauge.most:
        raise Refused(
            "too_much_placement",
            f"Avec {gauge.placement_days} jours sur {gauge.parcours_days}, les périodes en entreprise passeraient"
            f" {share.times}/{share.of} du parcours.",
            f"Elles peuvent compter {gauge.most} jours au plus : raccourcissez-les ou prolongez le parcours.",
            share.basis,
        )


def gauge_of(placements: Placements, starts_on: date, ends_on: date, scheme: SchemeRules) -> Gauge:
    """Days in placement beside the days of the parcours, both calendar days, and how many are allowed."""
    days = days_in(starts_on, ends_on)
    placed = sum(days_in(*period) for period in placements.values())
    return Gauge(placed, days, scheme.share.most(days) if scheme.share else None)
