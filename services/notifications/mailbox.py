"""The folder where the catcher keeps what it was sent: one `.eml` a message, exactly as received, numbered from 1.

The files are the index: nothing else has to agree with them after a crash. No name of a file says anything
of whom it is for.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

_FOLDER_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Caught:
    """One message: its number, when it came, what its headers say, and where its bytes are."""

    number: int
    received_at: datetime
    to: str
    subject: str
    message_id: str
    path: str


class Mailbox:
    """A folder of caught messages. One process writes, any number read."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def keep(self, number: int, content: bytes) -> None:
        """Write message `number`; it appears whole or not at all."""
        path = self._path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)

    def last(self) -> int:
        """The number of the last message, 0 when there is none."""
        folders = sorted(_numbers(self.directory, ""), reverse=True)
        return next((last for folder in folders if (last := max(_numbers(self._folder(folder), ".eml"), default=0))), 0)

    def content(self, number: int) -> bytes | None:
        """The bytes of message `number`, or None."""
        try:
            return self._path(number).read_bytes()
        except FileNotFoundError:
            return None

    def message(self, number: int) -> EmailMessage | None:
        """Message `number`, parsed, or None."""
        content = self.content(number)
        return None if content is None else message_from_bytes(content, policy=default)

    def received_at(self, number: int) -> datetime:
        """When message `number`, which must be there, came."""
        return datetime.fromtimestamp(self._path(number).stat().st_mtime, UTC)

    def page(self, limit: int, offset: int = 0) -> list[Caught]:
        """The latest messages first, after the `offset` latest ones."""
        first = self.last() - offset
        return [caught for number in range(first, max(first - limit, 0), -1) if (caught := self._caught(number))]

    def _caught(self, number: int) -> Caught | None:
        path = self._path(number)
        message = self.message(number)
        if message is None:
            return None
        return Caught(
            number,
            self.received_at(number),
            str(message["To"] or ""),
            str(message["Subject"] or ""),
            str(message["Message-ID"] or ""),
            str(path.relative_to(self.directory)),
        )

    def _folder(self, folder: int) -> Path:
        return self.directory / f"{folder:06d}"

    def _path(self, number: int) -> Path:
        return self._folder(number // _FOLDER_SIZE) / f"{number:09d}.eml"


def _numbers(directory: Path, suffix: str) -> Iterator[int]:
    try:
        names = os.listdir(directory)  # noqa: PTH208  (plain names are all that is needed, of a thousand files)
    except FileNotFoundError:
        return
    for name in names:
        stem, dot, kind = name.partition(".")
        if stem.isdigit() and dot + kind == suffix:
            yield int(stem)


def read_mailbox(directory: Path, limit: int = 50, offset: int = 0) -> list[Caught]:
    """The latest caught messages."""
    return Mailbox(directory).page(limit, offset)
