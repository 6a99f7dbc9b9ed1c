"""What a reader reads: a stream, its partitions, and which of its facts."""

from dataclasses import dataclass

from chassis.messages import Message

PARTITIONS = 16


@dataclass(frozen=True)
class Source:
    """What to read: `<root>.<partition>.<fact>` of a stream; all facts when none is named.

    `sifted`: most of the stream is wanted, so all of it is asked for and other facts are passed over here. A server
    matches each message against each filter: several cost it more than a few messages too many cost us.
    """

    stream: str
    root: str
    facts: tuple[str, ...] = ()
    partitions: int = PARTITIONS
    sifted: bool = False

    @classmethod
    def plain(cls, stream: str, subject: str) -> "Source":
        """A stream without partitions, read as one."""
        return cls(stream, subject, partitions=1)

    @property
    def whole(self) -> bool:
        """Whether all messages of the stream are sent to us."""
        return self.sifted or not self.facts

    def filters(self, owned: frozenset[int]) -> list[str]:
        """The subjects to ask for."""
        if self.partitions == 1:
            return [self.root]
        partitions = ["*"] if len(owned) == self.partitions else sorted(owned)
        facts = self.facts if self.facts and not self.sifted else ("*",)
        return [f"{self.root}.{partition}.{fact}" for partition in partitions for fact in facts]

    def wants(self, message: Message) -> bool:
        """Whether a message that was sent to us is one we read."""
        return not self.sifted or message.fact in self.facts
