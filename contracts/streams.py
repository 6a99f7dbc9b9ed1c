"""How streams and subjects are made: `<stream>.<place of the partition>.<fact>`.

The place of a partition is its number in binary, a token a digit: `school.0.1.0.1.absence_reported` is of partition 5.
A half of all partitions, a quarter, an eighth is then one filter. Several filters cost the server more for each message
than all else it does for it, and who shares a stream with others reads a part of it.

Few subjects on purpose: with the pupil in the subject, a filtered consumer of a long stream is served an
order of magnitude slower (the server matches its filter against every subject of a block). Only REGISTER,
which keeps one message a pupil, names the pupil (pseudonymously) in its subjects.
"""

from dataclasses import dataclass
from uuid import UUID
from zlib import crc32

PARTITIONS = 16


def partition_of(key: str) -> int:
    """The partition (0 to 15) of a key: everything about one pupil goes through one partition."""
    return crc32(key.encode()) % PARTITIONS


PLACES = tuple(".".join(f"{partition:0{(PARTITIONS - 1).bit_length()}b}") for partition in range(PARTITIONS))
"""The tokens that stand for each partition in a subject."""

EVERY_PLACE = PLACES[0].replace("0", "*")
"""The tokens that stand for all of them in a filter."""


def subject_of(root: str, student_id: UUID, fact: str) -> str:
    """The subject a fact about a pupil is published on."""
    return f"{root}.{PLACES[partition_of(str(student_id))]}.{fact}"


def register_subject(student_id: UUID) -> str:
    """The one subject of a pupil's identity: its last message replaces the one before."""
    return subject_of("register", student_id, str(student_id))


def inbox_of(user: str) -> str:
    """What every answer meant for `user` is sent under: nobody else may listen there."""
    return f"_INBOX.{user}"


def wake_of(inbox: str, stream: str) -> str:
    """Where the replicas of a service, which share an inbox, tell the one that publishes on `stream` of more."""
    return f"{inbox}.wake.{stream}"


def commands_inbox_of(user: str) -> str:
    """Where `user` is told what became of its commands: those who obey may publish there, and nowhere near."""
    return f"{inbox_of(user)}.commands"


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream as it must be: provisioning makes it so, services refuse to start on drift.

    `max_age_days` 0 keeps for ever; `per_subject` 1 keeps only the last message of a subject. `fenced`: one relay
    alone publishes here; `replayable`: its log keeps all it ever published, and fills the stream again.
    """

    name: str
    subjects: tuple[str, ...]
    purpose: str
    max_age_days: int = 0
    per_subject: int = -1
    duplicate_window_s: int = 120
    fenced: bool = True
    replayable: bool = True


@dataclass(frozen=True, slots=True)
class BucketSpec:
    """A key-value bucket as it must be, and which services read it."""

    name: str
    purpose: str
    readers: tuple[str, ...] = ()
    history: int = 1

    @property
    def stream(self) -> str:
        """The name of the stream that holds it."""
        return f"KV_{self.name}"
