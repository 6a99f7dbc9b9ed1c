"""What a reader reads: a stream, its partitions, and which of its facts."""

from collections.abc import Iterator
from dataclasses import dataclass

from chassis.messages import fact_of, partition_of

PARTITIONS = 16

_AT_MOST = 2
"""So many times our share is asked for where one filter then does for several."""


@dataclass(frozen=True)
class Source:
    """What to read: `<root>.<place of the partition>.<fact>` of a stream; all facts when none is named.

    `partitions`: a power of two; the place of one is its number in binary, a token a digit. `sifted`: most of the
    stream is wanted, so all of it is asked for and other facts are passed over here. To look at several filters costs a
    server more than a few messages too many cost us.
    """

    stream: str
    root: str
    facts: tuple[str, ...] = ()
    partitions: int = PARTITIONS
    sifted: bool = False

    def __post_init__(self) -> None:
        assert self.partitions.bit_count() == 1

    @classmethod
    def plain(cls, stream: str, subject: str) -> "Source":
        """A stream without partitions, read as one."""
        return cls(stream, subject, partitions=1)

    @property
    def whole(self) -> bool:
        """Whether all messages of the stream are sent to us."""
        return self.sifted or not self.facts

    def filters(self, owned: frozenset[int]) -> list[str]:
        """The subjects of these partitions and of no others, as few as can be."""
        if self.partitions == 1:
            return [self.root]
        facts = self.facts if self.facts and not self.sifted else ("*",)
        places = _places(owned, range(self.partitions), "")
        return [f"{self.root}{place}.{fact}" for place in places for fact in facts]

    def asked(self, owned: frozenset[int]) -> list[str]:
        """The subjects to ask for: one, where that is not many more than those of these partitions."""
        around = _around(owned, range(self.partitions))
        return self.filters(frozenset(around) if self.whole and len(around) <= _AT_MOST * len(owned) else owned)

    def wants(self, subject: str, owned: frozenset[int]) -> bool:
        """Whether a message that was sent to us, on this subject, is one we read."""
        ours = self.partitions == 1 or partition_of(subject) in owned
        return ours and (not self.sifted or fact_of(subject) in self.facts)


def _halves(block: range) -> tuple[range, range]:
    middle = len(block) // 2
    return block[:middle], block[middle:]


def _places(owned: frozenset[int], block: range, place: str) -> Iterator[str]:
    """Those that stand together for what is owned of a block, at whose own `place` in the subject we are."""
    if owned.issuperset(block):
        yield place + ".*" * (len(block) - 1).bit_length()
    elif not owned.isdisjoint(block):
        for digit, half in enumerate(_halves(block)):
            yield from _places(owned, half, f"{place}.{digit}")


def _around(owned: frozenset[int], block: range) -> range:
    """The smallest block that holds all that is owned."""
    for half in _halves(block) if len(block) > 1 else ():
        if owned.issubset(half):
            return _around(owned, half)
    return block
