"""Whether a stream is the beginning of its log, as it must be. It is not when the database was set back.

A backup restored to an earlier moment leaves the stream ahead of the log: what is decided from then on would take
positions that the stream already holds under other contents, and would never be said. So the relay stops and says so;
`perseverance streams rewind` takes out of the stream what the log does not know, and keeps it in a file.
"""

import json
from typing import Protocol

from nats.js.api import RawStreamMsg

from chassis.window import Outgoing

REMEDY = "was the database restored? see `perseverance streams verify`, then `perseverance streams rewind`"


class Ahead(Exception):
    """The stream holds what its log does not: publishing on would hide it."""


class Known(Protocol):
    """What a log knows of its own entries."""

    def end(self) -> int | None:
        """The position of its last entry; None when entries are removed once they are published."""
        ...

    def entry(self, position: int) -> Outgoing | None:
        """The message it makes of this position, None when it has none. Raises LookupError when entries move."""
        ...


def position_of(message: RawStreamMsg) -> int:
    """The log position in a message's id; 0 when it is not one of ours."""
    position = (message.headers or {}).get("Nats-Msg-Id", "")
    return int(position) if position.isdecimal() else 0


def agrees(log: Known, message: RawStreamMsg) -> bool:
    """Whether `log` holds this message of its stream at the same place. Synchronous."""
    end = log.end()
    if end is None:
        return True
    position = position_of(message)
    if position > end:
        return False
    try:
        entry = log.entry(position)
    except LookupError:
        return True
    return entry is not None and (entry.subject, _id(entry.data)) == (message.subject, _id(message.data or b""))


def _id(data: bytes) -> object:
    """What names an event, whatever else a later version of us writes into it."""
    try:
        return json.loads(data).get("id")
    except (ValueError, AttributeError):
        return None
