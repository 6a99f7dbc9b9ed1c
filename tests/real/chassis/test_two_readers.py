"""Two members that both believe a partition is theirs do no harm: one commit wins, the other gets nothing."""

import asyncio
import gc
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from chassis import positions, quarantine
from chassis.applying import Applying
from chassis.database import Transaction
from chassis.messages import Message, Unprocessable, header_of
from chassis.positions import Fenced, Position
from tests.real.chassis.trial import TRIAL, Item, Keep, Trial, assert_once_in_order, message
from tests.real.eventually import eventually

_COUNT = 4_000


class Together(Keep):
    """Handlers that wait for each other, so that both hold the same messages before either commits."""

    def __init__(self, rendezvous: threading.Barrier) -> None:
        super().__init__()
        self._rendezvous = rendezvous

    def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
        super().handle(tx, items)
        with suppress(threading.BrokenBarrierError):
            self._rendezvous.wait(timeout=0.3)


async def test_of_two_readers_of_one_partition_one_commits_and_the_other_is_fenced(trial: Trial) -> None:
    await trial.fill(_COUNT)
    both = threading.Barrier(2)
    first, second = Together(both), Together(both)
    # The same member name: each finds its lease held by "itself" and believes all is its own.
    async with trial.reading(first, batch=500), trial.reading(second, batch=500):
        assert_once_in_order(await trial.until_effects(_COUNT), _COUNT)
    assert trial.restarts("Fenced") >= 1
    assert first.forgotten + second.forgotten >= 1, "the fenced one dropped what it remembered"


async def test_a_reader_that_slept_through_everything_is_fenced_when_it_wakes(trial: Trial) -> None:
    """A frozen process, of which another took over the partitions, wakes with a batch in hand."""
    asleep, awake = threading.Event(), threading.Event()

    class Sleeper(Keep):
        def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
            asleep.set()
            awake.wait(60)
            super().handle(tx, items)

    await trial.fill(_COUNT)
    async with trial.reading(Sleeper()):
        await asyncio.to_thread(asleep.wait, 60)
        async with trial.reading():
            await trial.until_effects(_COUNT)
            awake.set()
            await eventually(lambda: _fenced(trial))
    assert_once_in_order(trial.effects(), _COUNT)


async def _fenced(trial: Trial) -> bool:
    return trial.restarts("Fenced") > 0


def test_a_position_moves_only_from_where_its_holder_left_it(trial: Trial) -> None:
    database = trial.database()
    with database.transaction() as tx:
        held = positions.load(tx, "c", [0, 1])
        positions.move(tx, "c", held, Position(10, "ten"))
    with pytest.raises(Fenced), database.transaction() as tx:
        positions.move(tx, "c", held, Position(20, "twenty"))
    with pytest.raises(Fenced), database.transaction() as tx:
        positions.move(tx, "c", {0: Position(10, "ten"), 1: Position(9, "")}, Position(20, "twenty"))
    with database.transaction() as tx:
        assert positions.load(tx, "c", [0, 1]) == {0: Position(10, "ten"), 1: Position(10, "ten")}
    database.close()


async def test_who_takes_over_knows_what_was_put_aside_while_it_looked(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its two questions, the one before it commits a batch with a message that cannot succeed."""
    broken = Message(1, 0, "trial.0.0.0.0.noted", b'{"subject": "key-1"}')
    database = trial.database()
    former, newcomer = (
        Applying(trial.reader_name, TRIAL.name, Keep(), database, traced=False, pipelined=False) for _ in range(2)
    )
    standing = former.begin(frozenset({0}))
    questions = [(positions, "load"), (quarantine, "keys")]

    def asked_and_then(question: Callable[..., object]) -> Callable[..., object]:
        def ask(*about: object) -> object:
            answer = question(*about)
            monkeypatch.undo()
            former.commit([(broken, Unprocessable("broken"))], standing, Position(1, "1"))
            return answer

        return ask

    for module, name in questions:
        monkeypatch.setattr(module, name, asked_and_then(getattr(module, name)))
    after = message(2, "key-1")
    second = Message(2, 0, after.subject, after.data)
    with suppress(Fenced):
        newcomer.commit([(second, Keep().decode(second))], newcomer.begin(frozenset({0})), Position(2, "2"))
    assert trial.effects() == []
    assert newcomer.begin(frozenset({0})) == {0: Position(1, "1")}
    newcomer.commit([(second, Keep().decode(second))], {0: Position(1, "1")}, Position(2, "2"))
    assert trial.effects() == [], "it waits behind the one that is aside"
    database.close()


def test_messages_that_show_no_key_have_none_in_common(trial: Trial) -> None:
    """One of them put aside must hold back no other, neither at once nor for who takes over."""
    broken, good, later = (Message(seq, 0, "trial.0.0.0.0.noted", b"{}", header_of(str(seq))) for seq in (1, 2, 3))
    database = trial.database()
    first, second = (
        Applying(trial.reader_name, TRIAL.name, Keep(), database, traced=False, pipelined=False) for _ in range(2)
    )
    standing = first.begin(frozenset({0}))
    first.commit([(broken, Unprocessable("broken")), (good, Item("", 2, 0))], standing, Position(2, "2"))
    second.commit([(later, Item("", 3, 0))], second.begin(frozenset({0})), Position(3, "3"))
    assert trial.effects() == [("", 2), ("", 3)]
    database.close()


async def test_a_reader_that_is_stopped_while_its_commit_is_refused_leaves_no_error_behind(trial: Trial) -> None:
    at_work, refuse = threading.Event(), threading.Event()
    loop, unheard = asyncio.get_running_loop(), list[str]()

    class Refused(Keep):
        def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
            at_work.set()
            refuse.wait(10)
            raise Fenced

    await trial.fill(1)
    loop.set_exception_handler(lambda _, context: unheard.append(context["message"]))
    try:
        async with trial.reading(Refused()):
            assert await asyncio.to_thread(at_work.wait, 10)
            loop.call_later(0.1, refuse.set)
        gc.collect()
    finally:
        loop.set_exception_handler(None)
    assert not unheard
