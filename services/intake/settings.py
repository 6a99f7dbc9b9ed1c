"""Settings of intake."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from chassis.settings import Settings
from contracts.identifiers import check_school_year

SEPTEMBER = 9
_CIRCULAR = "2023-2024"


def _since_the_circular(year: str) -> str:
    # Files of alerts begin there: facts of older months would make some that an erasure does not look for.
    if year < _CIRCULAR:
        raise ValueError(f"the circular is in force from {_CIRCULAR} on")
    return year


class IntakeSettings(Settings):
    """Limits of the doors, and the first school year that is taken."""

    oldest_school_year: Annotated[str, AfterValidator(check_school_year), AfterValidator(_since_the_circular)] = (
        _CIRCULAR
    )
    """The first school year a fact may be about, as `2023-2024`, or one after it."""
    max_body_bytes: int = Field(default=5_000_000, gt=0)
    """The largest request that is taken."""
    max_events: int = Field(default=1000, gt=0)
    """How many events one request may hold."""
    max_requests: int = Field(default=64, gt=0)
    """How many requests are worked on at once."""
    max_backlog: int = Field(default=1_000_000, gt=0)
    """How many accepted facts may wait to be published before senders are asked to slow down."""
    silent_after_school_days: int = Field(default=3, gt=0)
    """After how many whole days of class without a word a school counts as silent."""

    @property
    def first_day(self) -> date:
        """The first day a fact may be about: the circular is in force from the rentrée of 2023 on."""
        return date(int(self.oldest_school_year[:4]), SEPTEMBER, 1)
