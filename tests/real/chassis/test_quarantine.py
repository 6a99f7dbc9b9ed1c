"""A message that can never succeed stops nothing: it is kept with its reason, what follows about its key behind it."""

from collections.abc import Sequence

import pytest

from chassis.database import Transaction
from chassis.quarantine import FOLLOWS
from tests.real.chassis.trial import Item, Keep, Trial, key_of
from tests.real.eventually import eventually

_BROKEN = (7, 60, 61, 90)
_LAST = 200
_ALL = range(1, _LAST + 1)


class Provoked(Keep):
    """A handler that understands everything, and fails at what is broken."""

    def __init__(self, broken: Sequence[int]) -> None:
        super().__init__()
        self._provoking = set(broken)

    def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
        super().handle(tx, items)  # its effect is there, and must go with it
        if self._provoking & {item.number for item in items}:
            raise ZeroDivisionError


def _aside(number: int) -> bool:
    return any(broken <= number and key_of(broken) == key_of(number) for broken in _BROKEN)


def _first(number: int) -> bool:
    """Whether it is there for itself, and not behind another about its key."""
    return number in _BROKEN and not any(broken < number and key_of(broken) == key_of(number) for broken in _BROKEN)


@pytest.mark.parametrize("pipelined", [True, False])
@pytest.mark.parametrize("batch", [1, 50, 1_000])
@pytest.mark.parametrize(
    ("handler", "reason"),
    [(Keep(_BROKEN), "broken on purpose"), (Provoked(_BROKEN), "ZeroDivisionError")],
    ids=["not understood", "fails"],
)
async def test_the_guilty_are_kept_with_their_reason_and_all_others_have_their_effect_in_order(
    trial: Trial, handler: Keep, reason: str, batch: int, pipelined: bool
) -> None:
    await trial.fill(_LAST)
    kept = [(number, reason if _first(number) else FOLLOWS) for number in _ALL if _aside(number)]

    async def all_read() -> bool:
        return trial.rows("SELECT min(position) FROM positions") == [(_LAST,)]

    async with trial.reading(handler, batch=batch, pipelined=pipelined):
        await eventually(all_read)
    assert trial.rows("SELECT position, reason FROM quarantine ORDER BY position") == kept
    assert [number for _, number in trial.effects()] == [number for number in _ALL if not _aside(number)]
    assert len(kept) > len(_BROKEN)


async def test_what_comes_later_about_its_key_waits_behind_it_for_the_next_reader_too(trial: Trial) -> None:
    await trial.fill(50)
    async with trial.reading(Keep((7,))):
        await trial.until_effects(48)
    await trial.fill(90, first=51)
    async with trial.reading(Keep()):
        await trial.until_effects(87)
    assert trial.rows("SELECT position, reason FROM quarantine ORDER BY position") == [
        (7, "broken on purpose"),
        (47, FOLLOWS),
        (87, FOLLOWS),
    ]
