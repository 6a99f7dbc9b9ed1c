"""What every kind of fault has: how big its runs are, what it stands on, how it strikes."""

import random
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from tests.chaos.house import House

AWAY = frozenset((429, 502, 503, 504))
"""Statuses that say: not now, try again."""


@dataclass(frozen=True)
class Size:
    """How much: strikes, events sent meanwhile, and how long something stays away."""

    strikes: int
    events: int
    away_s: float = 6.0


@dataclass
class Kind(ABC):
    """One kind of fault. A run makes one of it, and asks it to strike again and again."""

    NAME: ClassVar[str] = ""
    WHAT: ClassVar[str] = ""
    SHORT: ClassVar[Size] = Size(6, 1_500)
    LONG: ClassVar[Size] = Size(60, 20_000)

    size: Size
    rng: random.Random
    replicas: int = 1
    environment: dict[str, str] = field(default_factory=dict)
    between_s: tuple[float, float] = (0.3, 1.5)
    by_nats: float = 0.2
    """Of the batches, how many go straight to the INTAKE stream."""
    rate: float | None = None
    """Events a second; as many as go, in step with the strikes, when there is none."""
    allowed: frozenset[int] = AWAY
    """Statuses of HTTP that are no fault while this kind strikes."""
    resend: bool = False
    """Whether school systems send again what they sent: what was accepted since a backup is known to them alone."""
    rebuilt: bool = False
    """Whether streams are made again, so that the times of their messages say nothing."""
    forgotten: bool = False
    """Whether the record is set back, so that mails went out that no journal knows any more."""
    quiet_s: float = 60.0
    """How long it may take, after the last strike, until nothing is left to do."""
    resumes_s: float | None = None
    """How long it may take to resume after each strike."""
    oldest_s: float | None = None
    """How long a message may have waited for its cause to be handled."""
    struck: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    async def impossible(self) -> str:
        """Why this machine does not allow it; empty when it does."""
        return ""

    async def open(self, house: House) -> None:
        """Start the servers that this experiment breaks, and tell the suite where they are."""
        house.postgres = EmbeddedPostgres(house.data / "postgres")
        house.environment["DATABASE_URL"] = house.postgres.start()
        house.nats = EmbeddedNats(house.data / "nats")
        house.environment["NATS_URL"] = house.nats.start()

    async def begin(self, house: House) -> None:  # noqa: B027  (nothing is a good answer)
        """The suite is up: what this kind needs besides."""

    @abstractmethod
    async def strike(self, house: House) -> str:
        """Do it once; what was struck."""

    async def settle(self, house: House) -> None:  # noqa: B027
        """The last strike is over: mend what is still broken. What was said before may be said again after."""

    async def close(self) -> None:  # noqa: B027
        """Let go of what this kind holds."""
