"""Parcours, placements and their timeline into their tables, a whole batch at a time; delays beside."""

from typing import Any

import msgspec
from msgspec.structs import astuple

from chassis.database import Transaction
from services.projections.folding.parcours import ParcoursChange, ParcoursFold, ParcoursRow
from services.projections.stores import delays
from services.projections.stores.rows import Unnest

# Opened after it was proposed: what was said meanwhile stands, the rest is as it was opened.
_BEGIN = Unnest("""
INSERT INTO parcours AS p (parcours_id, student_id, uai, scheme, state, began_at, changed_at, proposed_at, opened_at,
    starts_on, ends_on, last_day, next_review_on, suspended_since, alert_id, gpds_on, referent_id, partners,
    placement_days, parcours_days, most_placement_days, cautions, rule, outcome, closed_on)
SELECT new.parcours_id, new.student_id, new.uai, new.scheme, new.state, new.began_at, new.changed_at,
    new.proposed_at, new.opened_at, new.starts_on, new.ends_on, new.last_day, new.next_review_on,
    new.suspended_since, new.alert_id, new.gpds_on, new.referent_id,
    ARRAY(SELECT json_array_elements_text(new.partners)), new.placement_days, new.parcours_days,
    new.most_placement_days, ARRAY(SELECT json_array_elements_text(new.cautions)), new.rule, new.outcome,
    new.closed_on
FROM unnest(%t::uuid[], %t::uuid[], %t::text[], %t::text[], %t::text[], %t::timestamptz[], %t::timestamptz[],
    %t::timestamptz[], %t::timestamptz[], %t::date[], %t::date[], %t::date[], %t::date[], %t::date[], %t::uuid[],
    %t::date[], %t::text[], %b::json[], %t::int[], %t::int[], %t::int[], %b::json[], %b::json[], %t::text[],
    %t::date[]) AS new (parcours_id, student_id, uai, scheme, state, began_at, changed_at, proposed_at, opened_at,
    starts_on, ends_on, last_day, next_review_on, suspended_since, alert_id, gpds_on, referent_id, partners,
    placement_days, parcours_days, most_placement_days, cautions, rule, outcome, closed_on)
WHERE NOT EXISTS (SELECT FROM forgotten f WHERE f.student_id = new.student_id)
ON CONFLICT (parcours_id) DO UPDATE SET
    began_at = least(p.began_at, excluded.began_at),
    proposed_at = coalesce(excluded.proposed_at, p.proposed_at),
    opened_at = coalesce(excluded.opened_at, p.opened_at),
    alert_id = coalesce(excluded.alert_id, p.alert_id),
    gpds_on = coalesce(excluded.gpds_on, p.gpds_on),
    referent_id = coalesce(excluded.referent_id, p.referent_id),
    partners = p.partners || ARRAY(SELECT each FROM unnest(excluded.partners) each WHERE each <> ALL (p.partners)),
    (uai, scheme, state, changed_at, starts_on, ends_on, last_day, next_review_on, suspended_since, placement_days,
        parcours_days, most_placement_days, cautions, rule, outcome, closed_on) = (excluded.uai, excluded.scheme,
        excluded.state, excluded.changed_at, excluded.starts_on, excluded.ends_on, excluded.last_day,
        excluded.next_review_on, excluded.suspended_since, excluded.placement_days, excluded.parcours_days,
        excluded.most_placement_days, excluded.cautions, excluded.rule, excluded.outcome, excluded.closed_on)
""")
_CHANGE = Unnest("""
UPDATE parcours p SET changed_at = new.changed_at, state = coalesce(new.state, p.state),
    suspended_since = CASE WHEN coalesce(new.state, p.state) = 'suspended'
        THEN coalesce(new.suspended_since, p.suspended_since) END,
    ends_on = coalesce(new.ends_on, p.ends_on),
    next_review_on = CASE WHEN new.reviewed THEN new.next_review_on ELSE p.next_review_on END,
    referent_id = coalesce(new.referent_id, p.referent_id),
    partners = p.partners || ARRAY(SELECT each FROM json_array_elements_text(new.partners) each
        WHERE each <> ALL (p.partners)),
    placement_days = coalesce(new.placement_days, p.placement_days),
    parcours_days = coalesce(new.parcours_days, p.parcours_days),
    most_placement_days = coalesce(new.most_placement_days, p.most_placement_days),
    cautions = CASE WHEN new.cautions IS NULL THEN p.cautions
        ELSE ARRAY(SELECT json_array_elements_text(new.cautions)) END,
    outcome = coalesce(new.outcome, p.outcome), closed_on = coalesce(new.closed_on, p.closed_on)
FROM unnest(%t::uuid[], %t::timestamptz[], %t::text[], %t::date[], %t::date[], %t::boolean[], %t::date[], %t::text[],
    %b::json[], %t::int[], %t::int[], %t::int[], %b::json[], %t::text[], %t::date[]) AS new (parcours_id, changed_at,
    state, suspended_since, ends_on, reviewed, next_review_on, referent_id, partners, placement_days, parcours_days,
    most_placement_days, cautions, outcome, closed_on)
WHERE p.parcours_id = new.parcours_id
""")
_HAPPENED = Unnest("""
INSERT INTO parcours_timeline (parcours_id, event_id, at, seq, kind, by, why, command_id, detail)
SELECT new.* FROM unnest(%t::uuid[], %t::text[], %t::timestamptz[], %t::bigint[], %t::text[], %t::text[], %t::text[],
    %t::uuid[], %b::json[]) AS new (parcours_id)
WHERE EXISTS (SELECT FROM parcours p WHERE p.parcours_id = new.parcours_id)
ON CONFLICT (parcours_id, event_id) DO NOTHING
""")
_PLACE = Unnest("""
INSERT INTO placements (parcours_id, placement_id, first, last)
SELECT new.* FROM unnest(%t::uuid[], %t::uuid[], %t::date[], %t::date[]) AS new (parcours_id)
WHERE EXISTS (SELECT FROM parcours p WHERE p.parcours_id = new.parcours_id)
ON CONFLICT (parcours_id, placement_id) DO UPDATE SET (first, last) = (excluded.first, excluded.last)
""")
_CANCEL = Unnest("""
DELETE FROM placements p USING unnest(%t::uuid[], %t::uuid[]) AS gone (parcours_id, placement_id)
WHERE p.parcours_id = gone.parcours_id AND p.placement_id = gone.placement_id
""")


def write(tx: Transaction, fold: ParcoursFold) -> set[str]:
    """Write what the batch made; return the schools it touched."""
    if fold.begun:
        _BEGIN.execute(tx, map(_values, fold.begun.values()))
    if fold.changed:
        _CHANGE.execute(tx, map(_values, fold.changed.values()))
    if fold.happened:
        _HAPPENED.execute(tx, fold.happened)
    planned = [(*ids, days.first, days.last) for ids, days in fold.placements.items() if days]
    if planned:
        _PLACE.execute(tx, planned)
    cancelled = [ids for ids, days in fold.placements.items() if days is None]
    if cancelled:
        _CANCEL.execute(tx, cancelled)
    return fold.touched | delays.write(tx, fold.delays)


def _values(row: ParcoursRow | ParcoursChange) -> tuple[Any, ...]:
    # Arrays of arrays would be taken apart too far.
    return tuple(msgspec.json.encode(v).decode() if v.__class__ is tuple else v for v in astuple(row))
