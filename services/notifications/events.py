"""What can happen to an e-mail, and to what was told about a pupil, as it is stored.

No address, no name, no text: whom it reaches and what it says are looked up when it is sent.
"""

from uuid import UUID

import msgspec

from chassis.events import Event, stored_as
from services.notifications.facts import Fact


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which e-mail: on what alert, parcours or delay, for whom. `actor_id` is None while the role has nobody."""

    about_id: UUID
    student_id: UUID
    uai: str
    role: str
    template: str
    actor_id: str | None = None


@stored_as("notifications.MailRequested.1")
class MailRequested(Event, frozen=True, kw_only=True):
    """Somebody must be told about a fact."""

    about: About
    fact: Fact


@stored_as("notifications.Addressed.1")
class Addressed(Event, frozen=True, kw_only=True):
    """Somebody was found for an e-mail that had nobody to go to."""

    about: About


@stored_as("notifications.AttemptStarted.1")
class AttemptStarted(Event, frozen=True, kw_only=True):
    """About to speak to the relay: from here on, not knowing the outcome is a possibility."""

    attempt: int
    message_id: str
    rendered_hash: str


@stored_as("notifications.Sent.1")
class Sent(Event, frozen=True, kw_only=True):
    """The relay took it. `answer` is what it said; `doubtful`: an earlier attempt may have got through too."""

    about: About
    attempt: int
    message_id: str
    rendered_hash: str
    doubtful: bool = False
    answer: str = ""


@stored_as("notifications.Deferred.1")
class Deferred(Event, frozen=True, kw_only=True):
    """Not now: the relay said so (4xx), could not be spoken to, or we could not write it (no code)."""

    about: About
    attempt: int
    code: int | None = None
    answer: str = ""


@stored_as("notifications.Refused.1")
class Refused(Event, frozen=True, kw_only=True):
    """Never: the relay refused this e-mail for good (5xx)."""

    about: About
    attempt: int
    code: int | None = None
    answer: str = ""


@stored_as("notifications.Uncertain.1")
class Uncertain(Event, frozen=True, kw_only=True):
    """Handed over, but the answer was lost: the person may have it, and will be sent it again."""

    about: About
    attempt: int


@stored_as("notifications.Unaddressed.1")
class Unaddressed(Event, frozen=True, kw_only=True):
    """The directory has nobody to be reached in this role for this school."""

    about: About


@stored_as("notifications.Cancelled.1")
class Cancelled(Event, frozen=True, kw_only=True):
    """The pupil was erased: it will not be tried (again)."""

    about: About


@stored_as("notifications.FactAnnounced.1")
class FactAnnounced(Event, frozen=True, kw_only=True):
    """The e-mails about a fact were decided, once and for all; none when there is nobody to tell."""

    fact_id: UUID
    mail_ids: tuple[UUID, ...] = ()


@stored_as("notifications.PupilErased.1")
class PupilErased(Event, frozen=True, kw_only=True):
    """Nothing more may be said about this pupil."""
