"""Delays the law gives and their timeline into their tables, a whole batch at a time."""

from msgspec.structs import astuple

from chassis.database import Transaction
from services.projections.folding.delays import DelaysFold
from services.projections.stores.rows import Unnest

_START = Unnest("""
INSERT INTO delays (delay_id, student_id, uai, kind, since, until, state, rule, started_at, started_by, changed_at,
    ended_at, ended_by, done)
SELECT new.* FROM unnest(%t::uuid[], %t::uuid[], %t::text[], %t::text[], %t::date[], %t::date[], %t::text[],
    %b::json[], %t::timestamptz[], %t::text[], %t::timestamptz[], %t::timestamptz[], %t::text[], %t::boolean[])
    AS new (delay_id, student_id)
WHERE NOT EXISTS (SELECT FROM forgotten f WHERE f.student_id = new.student_id)
ON CONFLICT (delay_id) DO UPDATE SET (uai, kind, since, until, state, rule, started_at, started_by, changed_at,
    ended_at, ended_by, done) = (excluded.uai, excluded.kind, excluded.since, excluded.until, excluded.state,
    excluded.rule, excluded.started_at, excluded.started_by, excluded.changed_at, excluded.ended_at,
    excluded.ended_by, excluded.done)
""")
_CHANGE = Unnest("""
UPDATE delays d SET changed_at = new.changed_at, state = coalesce(new.state, d.state),
    ended_at = coalesce(new.ended_at, d.ended_at), ended_by = coalesce(new.ended_by, d.ended_by),
    done = coalesce(new.done, d.done)
FROM unnest(%t::uuid[], %t::timestamptz[], %t::text[], %t::timestamptz[], %t::text[], %t::boolean[])
    AS new (delay_id, changed_at, state, ended_at, ended_by, done)
WHERE d.delay_id = new.delay_id
""")
_HAPPENED = Unnest("""
INSERT INTO delay_timeline (delay_id, event_id, at, seq, kind, by, why, command_id, detail)
SELECT new.* FROM unnest(%t::uuid[], %t::text[], %t::timestamptz[], %t::bigint[], %t::text[], %t::text[], %t::text[],
    %t::uuid[], %b::json[]) AS new (delay_id)
WHERE EXISTS (SELECT FROM delays d WHERE d.delay_id = new.delay_id)
ON CONFLICT (delay_id, event_id) DO NOTHING
""")


def write(tx: Transaction, fold: DelaysFold) -> set[str]:
    """Write what the batch made; return the schools it touched."""
    if fold.started:
        _START.execute(tx, map(astuple, fold.started.values()))
    if fold.changed:
        _CHANGE.execute(tx, map(astuple, fold.changed.values()))
    if fold.happened:
        _HAPPENED.execute(tx, fold.happened)
    return fold.touched
