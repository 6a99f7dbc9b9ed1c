"""An event that is well formed, before the rules of the house and the register have seen it."""

from dataclasses import dataclass
from datetime import datetime

from contracts.incoming import Incoming


@dataclass(frozen=True, slots=True)
class Draft:
    """What a school says about a pupil.

    `id` None: made from the content once the pupil is known, for rows of files, which have none.
    `time` None: the moment of receipt, which then is no part of what makes two events the same.
    """

    id: str | None
    source: str
    time: datetime | None
    data: Incoming
