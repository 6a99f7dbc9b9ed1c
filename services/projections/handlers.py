"""From messages to rows: what each reader of this service does with a batch."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from chassis.database import Transaction
from chassis.messages import Message
from services.projections import wire
from services.projections.folding import Item
from services.projections.stores import batches, erasures


class Fold(Protocol):
    """Takes facts in, in order, and holds what they made."""

    def add(self, item: Item) -> None:
        """Take in one fact."""
        ...


F = TypeVar("F", bound=Fold)


def item_of(message: Message) -> Item:
    """The fact in `message`, with its place. Raises Unprocessable."""
    return Item(message.seq, message.partition, wire.read(message))


class Projection(Generic[F]):
    """A reader's handler: folds a batch in memory, then writes it at once.

    `write` returns the schools it touched; `form` is the read model it knows, and its version. Nothing is remembered
    from one batch to the next, and writing the same batch twice leaves the same rows.
    """

    def __init__(
        self,
        reader: str,
        fold: Callable[[], F],
        write: Callable[[Transaction, F], set[str]],
        form: tuple[str, int],
    ) -> None:
        self._reader = reader
        self._form = form
        self._fold = fold
        self._write = write

    def decode(self, message: Message) -> Item:
        """The fact. Raises Unprocessable."""
        return item_of(message)

    def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
        """Write what the batch made of the read model. Raises OtherForm."""
        fold = self._fold()
        for item in items:
            fold.add(item)
        batches.begin(tx, *self._form)
        touched = self._write(tx, fold)
        batches.finish(tx, self._reader, _times(items), touched)

    def forget(self) -> None:
        """Nothing is remembered."""


class Erasure:
    """A reader's handler: pupils erased from every read model."""

    def __init__(self, reader: str) -> None:
        self._reader = reader

    def decode(self, message: Message) -> Item:
        """The fact. Raises Unprocessable."""
        return item_of(message)

    def handle(self, tx: Transaction, items: Sequence[Item]) -> None:
        """Erase the pupils of the batch."""
        pupils = {
            item.fact.data.student_id: item.fact.time for item in items if isinstance(item.fact.data, wire.Erased)
        }
        batches.begin_erasure(tx)
        touched = erasures.erase(tx, pupils)
        batches.finish(tx, self._reader, _times(items), touched)

    def forget(self) -> None:
        """Nothing is remembered."""


def _times(items: Sequence[Item]) -> dict[int, str]:
    return {item.partition: item.fact.time for item in items}
