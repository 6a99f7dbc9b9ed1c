"""A message of a stream as handlers see it, and the way to say that one can never succeed."""

import re

import msgspec

_SUBJECT = re.compile(rb'"subject":\s*"([^"\\]{1,64})"')


class Message(msgspec.Struct, frozen=True, gc=False):
    """One stored message: its stream sequence, the partition in its subject, its bytes, its id."""

    seq: int
    partition: int
    subject: str
    data: bytes
    msg_id: str

    @property
    def key(self) -> str:
        """What the message is about: the CloudEvents `subject` in its bytes, or "" if it shows none."""
        found = _SUBJECT.search(self.data)
        return found[1].decode(errors="replace") if found else ""

    @property
    def fact(self) -> str:
        """What it says: the last token of its subject."""
        return self.subject.rpartition(".")[2]


class Unprocessable(Exception):
    """This message can never succeed. `reason` is short and holds no value of the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
