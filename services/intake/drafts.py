"""An event that is well formed, before the rules of the house and the register have seen it."""

from dataclasses import dataclass, field
from datetime import datetime

from chassis.tracing import Elsewhere
from contracts.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Draft:
    """What a school says about a pupil.

    `id` None: made from the content once the pupil is known, for rows of files, which have none.
    `time` None: the moment of receipt, which then is no part of what makes two events the same.
    `after`: what the sender traced, if it says so; for our trace alone, and kept nowhere.
    """

    id: str | None
    source: str
    time: datetime | None
    data: Incoming
    after: Elsewhere | None = field(default=None, compare=False, repr=False)
