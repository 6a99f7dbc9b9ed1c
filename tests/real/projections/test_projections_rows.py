"""Rows arrive in PostgreSQL as they left, whatever their texts hold and however many they are."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from chassis.database import Transaction
from services.projections.stores import rows
from services.projections.stores.rows import Row, Unnest, copy

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(
    ["\\", "\\N", "\\.", "a\tb", "a\nb", "a\rb", '"', "{}", "NULL", "é", "\\t"]
)
ROWS = st.lists(
    st.tuples(
        TEXT,
        st.none() | TEXT,
        st.integers(0, 10_000) | st.none(),
        st.booleans(),
        st.sampled_from(['{"a":"b\\n\\u00e9"}', "[]", '"\\\\"']),
    ),
    max_size=12,
)


@pytest.fixture
def tx(postgres_url: str) -> Iterator[Transaction]:
    with psycopg.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept (a text, b text, n int, yes boolean, said json) ON COMMIT DROP")
        yield cursor
        connection.rollback()


def _raw(row: tuple[object, ...]) -> Row:
    *values, said = row
    return (*values, Raw(str(said).encode()))  # type: ignore[return-value]


def _kept(tx: Transaction) -> list[tuple[object, ...]]:
    found = tx.execute("SELECT a, b, n, yes, said::text FROM kept ORDER BY ctid").fetchall()
    tx.execute("TRUNCATE kept")
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=ROWS)
def test_what_is_copied_is_what_was_given_but_an_empty_text_which_is_null(
    tx: Transaction, given_rows: list[tuple[object, ...]]
) -> None:
    copy(tx, "kept", map(_raw, given_rows))
    assert _kept(tx) == [tuple(None if value == "" else value for value in row) for row in given_rows]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=ROWS.filter(bool))
def test_what_goes_as_arrays_is_what_was_given(tx: Transaction, given_rows: list[tuple[object, ...]]) -> None:
    insert = Unnest(
        "INSERT INTO kept SELECT * FROM unnest(%t::text[], %t::text[], %t::int[], %t::boolean[], %b::json[])"
    )
    insert.execute(tx, map(_raw, given_rows))
    assert _kept(tx) == given_rows


def test_more_rows_than_are_written_at_once_all_arrive_in_order(
    tx: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_AT_ONCE", 7)
    for count in (0, 6, 7, 8, 50):
        copy(tx, "kept", [(str(n), "tab\t" if n % 9 == 0 else None, n, True, Raw(b"{}")) for n in range(count)])
        assert [row[2] for row in _kept(tx)] == list(range(count))
