"""What a repository remembers has an end, whatever is asked of it."""

from collections.abc import Collection, Sequence
from typing import cast
from uuid import UUID

from chassis.database import Transaction
from chassis.events import Aggregate, Recorded
from chassis.store import Aggregates, EventStore

IDS = [UUID(int=number) for number in range(1, 201)]
TX = cast(Transaction, None)


class Nothing:
    """A store in which nothing ever happened."""

    def stored(self, _tx: Transaction, _ids: Collection[UUID]) -> dict[UUID, list[tuple[str, bytes]]]:
        return {}

    def append(self, _tx: Transaction, recorded: Sequence[Recorded]) -> None:
        assert not recorded


def test_aggregates_without_an_event_are_let_go_of_too_the_oldest_first() -> None:
    """Each pupil who is erased is looked for in six years of files, most of which never were."""
    made: list[UUID] = []

    def make(aggregate_id: UUID) -> Aggregate:
        made.append(aggregate_id)
        return Aggregate(aggregate_id)

    repository = Aggregates(cast(EventStore, Nothing()), make, keep=100)
    for aggregate_id in IDS:
        repository.save(TX, repository.get(TX, [aggregate_id]).values())
    assert made == IDS
    repository.get(TX, IDS[-100:])
    assert made == IDS, "the last hundred are still known"
    repository.save(TX, repository.get(TX, IDS[:1]).values())
    assert made == [*IDS, IDS[0]], "the first was not"
