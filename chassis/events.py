"""Events as an aggregate records them, and the aggregate that is what its events made of it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to an aggregate.

    `at` is the instant it was recorded; `cause` the id of the message or command that led to it;
    `correlation` ties together all that follows from one fact.
    """

    TOPIC: ClassVar[str]

    at: datetime
    cause: str = ""
    correlation: UUID | None = None


E = TypeVar("E", bound=type[Event])


def stored_as(topic: str, formerly: Mapping[str, Upcast] | None = None) -> Callable[[E], E]:
    """Give an event class its stored topic, for ever: `@stored_as("notifications.MailRequested.1")`.

    When its fields change it takes the next topic, and `formerly` says how to bring the fields stored
    under each former topic to the present ones.

    All that reads it is made here, before there are threads: to one that asks for a class while another still looks at
    it, msgspec gives the half that is known, and the process ends by a segmentation fault at the first event.
    """

    def name(cls: E) -> E:
        cls.TOPIC = topic
        upcasts: dict[str, Upcast | None] = {topic: None, **(formerly or {})}
        for each, upcast in upcasts.items():
            if each in _NAMES and _NAMES[each] != cls.__qualname__:
                raise TypeError(f"two events share the stored topic {each}")
            _NAMES[each], _DECODERS[each] = cls.__qualname__, _decoder_of(cls, upcast)
        return cls

    return name


_NAMES: dict[str, str] = {}
_DECODERS: dict[str, Callable[[bytes], Event]] = {}
_encoder = msgspec.json.Encoder()


def encode(event: Event) -> bytes:
    """The stored form of an event: JSON without its defaults."""
    return _encoder.encode(event)


def decode(topic: str, state: bytes) -> Event:
    """The event stored under `topic`, brought to the present form of its class. Raises KeyError if unknown."""
    return _DECODERS[topic](state)


def _decoder_of(cls: type[Event], upcast: Upcast | None) -> Callable[[bytes], Event]:
    present = msgspec.json.Decoder(cls).decode
    if upcast is None:
        return present
    change = upcast

    def decode_former(state: bytes) -> Event:
        return msgspec.convert(change(msgspec.json.decode(state)), cls)

    return decode_former


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event in its place: the n-th of its aggregate (from 1), and in the whole log once stored.

    Has what the `eventsourcing` library asks of a domain event.
    """

    originator_id: UUID
    originator_version: int
    event: Event
    position: int = 0


class Aggregate:
    """State made of events: `record` applies a new one and keeps it for saving, `apply` only applies."""

    __slots__ = ("id", "pending", "version")
    PASSED_OVER: ClassVar[frozenset[str]] = frozenset()
    """Topics of stored events that change nothing in the state: they are counted, and not read again."""

    def __init__(self, id: UUID) -> None:  # noqa: A002  (the library's name for it)
        self.id = id
        self.version = 0
        self.pending: list[Event] = []

    def record(self, event: Event) -> None:
        """Let `event` happen."""
        self.apply(event)
        self.version += 1
        self.pending.append(event)

    def replay(self, event: Event) -> None:
        """Take in an event that is already stored."""
        self.apply(event)
        self.version += 1

    def replay_stored(self, topic: str, state: bytes) -> None:
        """Take in an event in its stored form. Raises KeyError for a topic that is unknown."""
        if topic in self.PASSED_OVER:
            self.version += 1
        else:
            self.replay(decode(topic, state))

    def apply(self, event: Event) -> None:
        """What `event` changes in the state. Each aggregate says; raises TypeError for an event it does not know."""
        raise TypeError(f"{type(self).__name__} does not know {type(event).__name__}")

    def collect(self) -> list[Recorded]:
        """Hand over what was recorded since the last time, with its place in the aggregate."""
        first = self.version - len(self.pending) + 1
        recorded = [Recorded(self.id, number, event) for number, event in enumerate(self.pending, first)]
        self.pending.clear()
        return recorded


A = TypeVar("A", bound=Aggregate)
