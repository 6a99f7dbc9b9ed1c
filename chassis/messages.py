"""A message of a stream as handlers see it, and the way to say that one can never succeed."""

import re
from functools import lru_cache
from itertools import takewhile

import msgspec

_SUBJECT = re.compile(rb'"subject":\s*"([^"\\]{1,64})"')


_ID = b"\r\nNats-Msg-Id: "


@lru_cache(maxsize=4096)
def fact_of(subject: str) -> str:
    """What a message on this subject says: its last token."""
    return subject.rpartition(".")[2]


@lru_cache(maxsize=4096)
def partition_of(subject: str) -> int:
    """The partition, whose binary digits follow the root; streams have few subjects."""
    digits = takewhile(("0", "1").__contains__, subject.split(".")[1:])
    return int("".join(digits) or "0", 2)


def header_of(msg_id: str) -> bytes:
    """The header block of a message that has this id, and says nothing else."""
    return b"NATS/1.0" + _ID + msg_id.encode() + b"\r\n\r\n"


class Message(msgspec.Struct, frozen=True, gc=False):
    """One stored message: its stream sequence, the partition in its subject, its bytes, its header block."""

    seq: int
    partition: int
    subject: str
    data: bytes
    header: bytes = b""

    @property
    def msg_id(self) -> str:
        """Its id, "" when there is none, or none that is text: whoever sends from outside writes what they like.

        Looked for when it is asked for: of most messages nobody ever does.
        """
        start = self.header.find(_ID)
        try:
            end = self.header.index(b"\r", start + len(_ID))
            return self.header[start + len(_ID) : end].decode() if start >= 0 else ""
        except ValueError:  # what is no text is one, too
            return ""

    @property
    def key(self) -> str:
        """What the message is about: the CloudEvents `subject` in its bytes, or "" if it shows none."""
        found = _SUBJECT.search(self.data)
        return found[1].decode(errors="replace") if found else ""

    @property
    def fact(self) -> str:
        """What it says, as its subject tells."""
        return fact_of(self.subject)


class Unprocessable(Exception):
    """This message can never succeed. `reason` is short and holds no value of the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
