"""The effect of each message is there once, in order, however often the reader begins again."""

from dataclasses import replace

import pytest

from chassis import reader as reader_module
from chassis.pull import Pull
from tests.real.chassis.trial import SOURCE, Keep, Trial, assert_once_in_order, message


async def test_each_message_has_its_effect_once_and_in_order(trial: Trial) -> None:
    await trial.fill(20_000)
    async with trial.reading():
        assert_once_in_order(await trial.until_effects(20_000), 20_000)


async def test_a_reader_that_stops_and_starts_anywhere_repeats_and_skips_nothing(trial: Trial) -> None:
    await trial.fill(5_000)
    for wanted in (1, 1_500, 3_000):
        async with trial.reading(batch=100):
            await trial.until_effects(wanted)
    async with trial.reading(batch=100):
        assert_once_in_order(await trial.until_effects(5_000), 5_000)


async def test_messages_delivered_again_have_no_second_effect(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that starts too early, as after a partition with an older position, changes nothing."""

    class FromTheBeginning(Pull):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            self._after = 0

    await trial.fill(2_000)
    async with trial.reading():
        await trial.until_effects(2_000)
    monkeypatch.setattr(reader_module, "Pull", FromTheBeginning)
    await trial.fill(2_500, first=2_001)
    async with trial.reading():
        assert_once_in_order(await trial.until_effects(2_500), 2_500)


async def test_partitions_that_stand_at_different_positions_each_go_on_from_their_own(trial: Trial) -> None:
    await trial.fill(2_000)
    async with trial.reading():
        await trial.until_effects(2_000)
    # As if half of the partitions had belonged to a member that read no further than 1000.
    trial.do("UPDATE positions SET position = 1000, msg_id = '1000' WHERE partition >= 8")
    trial.do("DELETE FROM effects WHERE partition >= 8 AND number > 1000")
    await trial.fill(2_100, first=2_001)
    async with trial.reading():
        assert_once_in_order(await trial.until_effects(2_100), 2_100)


async def test_a_message_for_which_nothing_is_to_be_done_still_moves_the_position(trial: Trial) -> None:
    class Silent(Keep):
        def handle(self, tx: object, items: object) -> None:
            pass

    await trial.fill(300)
    async with trial.reading(Silent()):
        await trial.until_position(300)
    assert trial.effects() == []


async def test_a_sifted_source_passes_over_what_it_does_not_read_and_moves_on(trial: Trial) -> None:
    await trial.publish([replace(message(n), subject=message(n).subject.replace("noted", "other")) for n in (1, 2)])
    await trial.fill(12, first=3)
    await trial.publish([replace(message(13), subject=message(13).subject.replace("noted", "other"))])
    async with trial.reading(source=replace(SOURCE, sifted=True)):
        await trial.until_position(13)
    assert [number for _, number in trial.effects()] == list(range(3, 13))
