"""Alerts, timeline and early warnings into their tables, a whole batch at a time."""

from msgspec.structs import astuple

from chassis.database import Transaction
from services.projections.folding.alerts import AlertsFold
from services.projections.stores.rows import Unnest

_RAISE = Unnest("""
INSERT INTO alerts (alert_id, attendance_id, student_id, uai, level, month, school_year, state, half_days,
    reached_on, reached_at, rule, tally, raised_at, raised_event, raised_half_days, changed_at, act, act_by, act_at,
    counted_at)
SELECT new.* FROM unnest(%t::uuid[], %t::uuid[], %t::uuid[], %t::text[], %t::smallint[], %t::text[],
    %t::text[], %t::text[], %t::smallint[], %t::date[], %t::text[], %b::json[], %b::text[],
    %t::timestamptz[], %t::text[], %t::smallint[], %t::timestamptz[], %t::text[], %t::text[], %t::timestamptz[],
    %t::timestamptz[]) AS new (alert_id, attendance_id, student_id)
WHERE NOT EXISTS (SELECT FROM forgotten f WHERE f.student_id = new.student_id)
ON CONFLICT (alert_id) DO UPDATE SET (uai, state, half_days, reached_on, reached_at, rule, tally, raised_at,
    raised_event, raised_half_days, changed_at, act, act_by, act_at, counted_at) = (excluded.uai, excluded.state,
    excluded.half_days, excluded.reached_on, excluded.reached_at, excluded.rule, excluded.tally, excluded.raised_at,
    excluded.raised_event, excluded.raised_half_days, excluded.changed_at, excluded.act, excluded.act_by,
    excluded.act_at, excluded.counted_at)
""")
_CHANGE = Unnest("""
UPDATE alerts SET changed_at = new.changed_at, state = coalesce(new.state, alerts.state),
    half_days = coalesce(new.half_days, alerts.half_days), rule = coalesce(new.rule, alerts.rule),
    tally = coalesce(new.tally, alerts.tally),
    act = coalesce(new.act, alerts.act), act_by = coalesce(new.act_by, alerts.act_by),
    act_at = coalesce(new.act_at, alerts.act_at), counted_at = coalesce(new.counted_at, alerts.counted_at)
FROM unnest(%t::uuid[], %t::timestamptz[], %t::text[], %t::smallint[], %b::json[], %b::text[],
    %t::text[], %t::text[], %t::timestamptz[], %t::timestamptz[]) AS new (alert_id, changed_at, state, half_days,
    rule, tally, act, act_by, act_at, counted_at)
WHERE alerts.alert_id = new.alert_id RETURNING uai
""")
_HAPPENED = Unnest("""
INSERT INTO timeline (alert_id, event_id, at, seq, kind, by, command_id, half_days, detail, on_day)
SELECT new.* FROM unnest(%t::uuid[], %t::text[], %t::timestamptz[], %t::bigint[], %t::text[], %t::text[],
    %t::uuid[], %t::smallint[], %t::text[], %t::date[]) AS new (alert_id)
WHERE EXISTS (SELECT FROM alerts WHERE alerts.alert_id = new.alert_id)
ON CONFLICT (alert_id, event_id) DO NOTHING
""")
_APPROACHED = Unnest("""
INSERT INTO approaching (student_id, month, level, uai, school_year, half_days, evidence, at)
SELECT new.* FROM unnest(%t::uuid[], %t::text[], %t::smallint[], %t::text[], %t::text[], %t::smallint[],
    %b::text[], %t::timestamptz[]) AS new (student_id)
WHERE NOT EXISTS (SELECT FROM forgotten f WHERE f.student_id = new.student_id)
ON CONFLICT (student_id, month, level) DO UPDATE SET (uai, half_days, evidence, at) =
    (excluded.uai, excluded.half_days, excluded.evidence, excluded.at)
""")
_REACHED = Unnest("""
DELETE FROM approaching a USING unnest(%t::uuid[], %t::text[], %t::smallint[]) AS reached (student_id, month, level)
WHERE (a.student_id, a.month, a.level) = (reached.student_id, reached.month, reached.level)
""")


def write(tx: Transaction, fold: AlertsFold) -> set[str]:
    """Write what the batch made; return the schools it touched."""
    touched = write_raised(tx, fold) | write_changed(tx, fold)
    if fold.happened:
        _HAPPENED.execute(tx, map(astuple, fold.happened))
    delete_reached(tx, fold)
    return touched | write_approached(tx, fold)


def write_raised(tx: Transaction, fold: AlertsFold) -> set[str]:
    """Write the alerts that the batch raised."""
    if fold.raised:
        _RAISE.execute(tx, map(astuple, fold.raised.values()))
    return {row.uai for row in fold.raised.values()}


def write_changed(tx: Transaction, fold: AlertsFold) -> set[str]:
    """Change the alerts that were there before the batch."""
    if not fold.changed:
        return set()
    _CHANGE.execute(tx, map(astuple, fold.changed.values()))
    return {uai for (uai,) in tx.fetchall()}


def delete_reached(tx: Transaction, fold: AlertsFold) -> None:
    """Take out the early warnings that an alert has overtaken."""
    if fold.reached:
        _REACHED.execute(tx, fold.reached)


def write_approached(tx: Transaction, fold: AlertsFold) -> set[str]:
    """Write the early warnings of the batch."""
    if fold.approached:
        _APPROACHED.execute(tx, fold.approaching())
    return {fact.data.uai for fact in fold.approached.values()}
