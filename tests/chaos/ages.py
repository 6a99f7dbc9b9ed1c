"""How long things waited: from the message that caused something to the message that says it, by the servers' clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple


class Moment(NamedTuple):
    """A message of a stream: its CloudEvents id, the id of what caused it, when the server stored it."""

    id: str
    caused_by: str
    at: datetime


def oldest(moments: Mapping[str, list[Moment]]) -> dict[str, float]:
    """For each stream, the longest time in seconds between a message of it and the message that caused it."""
    stored = {moment.id: moment.at for messages in moments.values() for moment in messages}
    found = {}
    for stream, messages in moments.items():
        waits = [each.at - stored[each.caused_by] for each in messages if each.caused_by in stored]
        if waits:
            found[stream] = max(waits).total_seconds()
    return found


def last(moments: Mapping[str, list[Moment]]) -> float:
    """When the last message of all was stored, in seconds since 1970; 0 when there is none."""
    return max((moment.at.timestamp() for messages in moments.values() for moment in messages), default=0.0)
