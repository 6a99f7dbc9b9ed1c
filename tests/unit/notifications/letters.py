"""Every e-mail there is, and what its reader finds in it."""

import re
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import lru_cache
from uuid import UUID

from contracts.delays import DelayKind
from contracts.directory import Role, School
from contracts.parcours import Scheme
from services.notifications.audience import audience_of, standing_in
from services.notifications.events import About
from services.notifications.facts import (
    DelayApproaching,
    DelayReached,
    Fact,
    OutcomeMissing,
    ParcoursOpened,
    ReviewOverdue,
    StatusExpired,
    StatusExpiring,
    ThresholdReached,
)
from services.notifications.rendering import Identity, Letter, Renderer
from tests.unit.notifications.given import ALERT, DELAY, NOW, PARCOURS, PUPIL, REACHED, SHARE, UAI, actor

IDENTITY = Identity(
    "perseverance@example.org", "Persévérance scolaire", "", "perseverance.example.org", "https://suite.example.org/"
)
MAIL = UUID("11111111-2222-4333-8444-555555555555")
STARTS, ENDS = date(2025, 9, 8), date(2025, 12, 31)
DECEMBER = datetime(2025, 12, 1, 8, tzinfo=UTC)  # thirty days before the last day
LEVEL_2 = ThresholdReached(level=2, month="2025-10", half_days=10, threshold=10)
FACTS: list[Fact] = [
    REACHED,
    LEVEL_2,
    *(
        ParcoursOpened(
            scheme=scheme,
            starts_on=STARTS,
            ends_on=ENDS,
            last_day=date(2026, 1, 7),
            next_review_on=date(2025, 10, 8),
            share=SHARE,
        )
        for scheme in Scheme
    ),
    *(
        StatusExpiring(scheme=scheme, days=days, ends_on=ENDS, last_day=last_day, share=SHARE)
        for scheme in Scheme
        for last_day in (None, ENDS, date(2026, 1, 7))
        for days in (30, 15, 7, 1)
    ),
    *(StatusExpired(scheme=scheme, ends_on=ENDS) for scheme in Scheme),
    *(OutcomeMissing(scheme=scheme, weeks=weeks, ends_on=ENDS) for scheme in Scheme for weeks in (1, 2, 30)),
    *(ReviewOverdue(scheme=scheme, review_on=date(2025, 11, 6)) for scheme in Scheme),
    *(DelayApproaching(kind=kind, days=15, since=STARTS, until=ENDS) for kind in DelayKind),
    *(DelayReached(kind=kind, since=STARTS, until=ENDS) for kind in DelayKind),
]
EVERY = [(fact, role) for fact in FACTS for role in (*audience_of(fact), *standing_in(fact))]
"""Each fact with each role that is told of it, be it for want of anybody else."""


def about_of(fact: Fact) -> UUID:
    """The alert, the parcours or the delay it is about."""
    if isinstance(fact, ThresholdReached):
        return ALERT
    return DELAY if isinstance(fact, (DelayApproaching, DelayReached)) else PARCOURS


_renderer = lru_cache(Renderer)  # it compiles its templates when it first needs them: most of a test's time


def letter(
    fact: Fact = REACHED,
    role: Role = Role.CPE,
    *,
    where: School | None = None,
    name: str = "Zoé Évrard",
    identity: Identity = IDENTITY,
    at: datetime = NOW,
) -> Letter:
    """What somebody in `role` is written about `fact`."""
    about = About(about_of(fact), PUPIL, UAI, role, fact.template, "who")
    return _renderer(identity).render(MAIL, about, fact, at, actor("who", role, name=name), where)


def parsed(written: Letter) -> EmailMessage:
    """The message as a mail client reads it, without a fault."""
    message = message_from_bytes(written.content, policy=default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def body(written: Letter, kind: str) -> str:
    """Its `plain` or `html` part."""
    part = parsed(written).get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


def read(written: Letter, kind: str = "plain") -> str:
    """What is read of it: no tags, one kind of space, one line."""
    text = re.sub(r"<style.*?</style>|<[^>]*>", " ", body(written, kind), flags=re.DOTALL)
    return re.sub(r"\s+([.,])", r"\1", " ".join(text.split()))


def subject(written: Letter) -> str:
    """Its subject, with one kind of space."""
    return " ".join(str(parsed(written)["Subject"]).split())
