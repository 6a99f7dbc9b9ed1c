"""What happened to a parcours or to a delay, as an entry of its timeline."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from services.projections.folding import Item
from services.projections.wire_parcours import FACTS
from services.projections.wire_parts import Data

# Said by the row or by the entry itself; the alert and the meeting are not for everyone who reads a timeline.
_SAID_ELSEWHERE = frozenset(
    ("parcours_id", "delay_id", "student_id", "uai", "scheme", "by", "why", "command_id", "alert_id", "gpds_on")
)
_DETAILS: Mapping[type[Data], tuple[str, ...]] = {
    kind: tuple(name for name in kind.__struct_fields__ if name not in _SAID_ELSEWHERE) for kind in FACTS.values()
}


class Entry(NamedTuple):
    """A row of `parcours_timeline` or of `delay_timeline`, its columns in order."""

    about_id: str
    event_id: str
    at: str
    seq: int
    kind: str
    by: str | None
    why: str | None
    command_id: str | None
    detail: str


def entry(about_id: str, item: Item, kind: str) -> Entry:
    """What `item` says happened, under the name `kind`."""
    fact, data = item.fact, item.fact.data
    detail = {name: getattr(data, name) for name in _DETAILS[type(data)]}
    return Entry(
        about_id,
        fact.id,
        fact.time,
        item.seq,
        kind,
        getattr(data, "by", None),
        getattr(data, "why", None),
        getattr(data, "command_id", None),
        msgspec.json.encode(detail).decode(),
    )
