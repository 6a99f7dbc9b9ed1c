"""10 000 refusable events of many kinds among 10 000 good ones: each refusal with its reason, 10 000 effects.

What is wrong with one of them is a canary wherever it can be, and every one names a pupil: no log and no answer does.
"""

import io
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chassis.logs import JsonFormatter
from tests.real.intake.conftest import Running
from tests.unit.intake.given import UAI, as_bytes, event

Event = dict[str, Any]
CANARY = "ZZCANARIZZ"
PERSONAL = re.compile(rf"{CANARY}|[0-9]{{9}}AB")
GOOD_DAYS = [f"2025-{month:02d}-{day:02d}" for month, day in ((9, 8), (9, 9), (9, 11), (10, 6), (10, 7), (10, 9))]


def good(i: int) -> Event:
    data = {"ine": f"{i % 500:09d}AB", "uai": UAI, "date": GOOD_DAYS[i % 6], "period": ("MORNING", "AFTERNOON")[i % 2]}
    return event(data, id=f"g-{i}")


def with_data(**changes: Any) -> Callable[[Event], bytes]:
    return lambda sent: as_bytes(sent | {"data": sent["data"] | changes})


def with_fields(**changes: Any) -> Callable[[Event], bytes]:
    return lambda sent: as_bytes(sent | changes)


def without(field: str) -> Callable[[Event], bytes]:
    return lambda sent: as_bytes({name: value for name, value in sent.items() if name != field})


KINDS: list[tuple[str, Callable[[Event], bytes]]] = [
    ("uai_check_letter", with_data(uai="0310000A")),
    ("bad_uai", with_data(uai=f"31{CANARY}")),
    ("unknown_school", with_data(uai="0319999A")),
    ("bad_ine", with_data(ine=CANARY)),
    ("sunday", with_data(date="2025-10-12")),
    ("school_holidays", with_data(date="2025-10-22")),
    ("public_holiday", with_data(date="2025-11-11")),
    ("outside_school_year", with_data(date="2025-08-18")),
    ("too_old", with_data(date="2019-10-07")),
    ("date_in_future", with_data(date="2026-10-05")),
    ("bad_date", with_data(date="2025-02-30")),
    ("bad_value", with_data(period=CANARY)),
    ("unknown_field", with_data(**{CANARY: CANARY})),
    ("wrong_type", with_data(justified=CANARY)),
    ("unknown_type", with_fields(type=f"fr.example.{CANARY}.v1")),
    ("unknown_version", with_fields(type="fr.perseverance.intake.absence_reported.v7")),
    ("bad_specversion", with_fields(specversion=CANARY)),
    ("time_without_offset", with_fields(time="2025-10-06T08:00:00")),
    ("time_in_future", with_fields(time="2031-10-06T08:00:00Z")),
    ("time_in_future", with_fields(time="9999-12-31T23:59:59-12:00")),
    ("bad_identifier", with_fields(id=f"deux {CANARY}")),
    ("missing", without("id")),
    ("nul", with_fields(comment=f"{CANARY}\0")),
    ("not_an_object", lambda _: b"[1, 2]"),
    ("not_json", lambda _: b'{"id": tru%b}' % CANARY.encode()),
    ("not_finite", lambda sent: as_bytes(sent)[:-1] + b', "note": NaN}'),
    ("bad_text", lambda sent: as_bytes(sent)[:-1] + b', "note": "\\ud800"}'),
    ("too_deep", lambda _: b"[" * 300 + b"]" * 300),
    ("id_reused", lambda sent: as_bytes(sent | {"id": "g-0"})),
]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that is logged meanwhile, to the last detail, as a service writes it."""
    lines, ours = io.StringIO(), logging.getLogger("perseverance")
    handler, level = logging.StreamHandler(lines), ours.level
    handler.setFormatter(JsonFormatter("intake"))
    logging.getLogger().addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield lines
    ours.setLevel(level)
    logging.getLogger().removeHandler(handler)


async def test_ten_thousand_bad_ones_among_ten_thousand_good_ones(
    shared: Running, shared_database, written: io.StringIO
):
    number, size = 10_000, 500
    answers: Counter[str] = Counter()
    for start in range(0, number, size):
        parts = []
        for i in range(start, start + size):
            _, spoil = KINDS[i % len(KINDS)]
            parts += [as_bytes(good(i)), spoil(good(i + 1) | {"id": f"b-{i}"})]
        verdicts = await shared.batch(b"[" + b",".join(parts) + b"]")
        assert [v["status"] for v in verdicts] == ["accepted", "refused"] * size
        assert all(v["reason"] for v in verdicts[1::2])
        assert not PERSONAL.search(json.dumps(verdicts))
        answers.update(v["code"] for v in verdicts[1::2])
    expected = Counter(KINDS[i % len(KINDS)][0] for i in range(number))
    assert answers == expected
    assert len(answers) >= 15
    with shared_database.transaction() as tx:
        tx.execute("SELECT payload FROM ledger ORDER BY position")
        kept = [json.loads(bytes(payload))["id"] for (payload,) in tx.fetchall()]
    assert kept == [f"g-{i}" for i in range(number)]
    assert not PERSONAL.search(written.getvalue())
