"""What e-mails tell of, as it is stored with them: days and counts, nothing that says who the pupil is."""

from datetime import date, timedelta
from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from contracts.notifications import MailTemplate


class Share(msgspec.Struct, frozen=True, gc=False):
    """Days in placement and days of the parcours; `most` are allowed, None when the scheme sets no share."""

    placement_days: int
    parcours_days: int
    most: int | None = None


class _Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="fact"):
    TEMPLATE: ClassVar[MailTemplate]

    @property
    def template(self) -> MailTemplate:
        """Which e-mail tells it."""
        return self.TEMPLATE

    @property
    def which(self) -> str:
        """What tells it from the other facts of its kind about the same alert, parcours or delay."""
        return ""

    def is_over(self, day: date) -> bool:
        """Whether telling it on `day` would come too late: another fact tells what became of it."""
        return False


class ThresholdReached(_Fact, frozen=True, kw_only=True, tag="threshold_reached"):
    """An alert: so many half-days in `month`, of the `threshold` of its level."""

    level: int
    month: str
    half_days: int
    threshold: int

    @property
    def template(self) -> MailTemplate:
        """Which e-mail tells it."""
        return MailTemplate.ALERT_LEVEL_1 if self.level == 1 else MailTemplate.ALERT_LEVEL_2


class ParcoursOpened(_Fact, frozen=True, kw_only=True, tag="parcours_opened"):
    """A parcours runs; it could be extended until `last_day`; None: not known."""

    TEMPLATE = MailTemplate.PARCOURS_OPENED

    scheme: str
    starts_on: date
    ends_on: date
    last_day: date | None = None
    next_review_on: date | None = None
    share: Share


class StatusExpiring(_Fact, frozen=True, kw_only=True, tag="status_expiring"):
    """So many days before the end. Another end makes another fact: an extended parcours is told of again.

    It could be extended until `last_day`; None: not known.
    """

    TEMPLATE = MailTemplate.STATUS_EXPIRING

    scheme: str
    days: int
    ends_on: date
    last_day: date | None = None
    share: Share

    @property
    def which(self) -> str:
        """Of which end, and how long before."""
        return f"{self.ends_on}:{self.days}"

    def is_over(self, day: date) -> bool:
        """After the last day, the expiry tells it."""
        return day > self.ends_on


class StatusExpired(_Fact, frozen=True, kw_only=True, tag="status_expired"):
    """The last day is over, nobody closed it."""

    TEMPLATE = MailTemplate.STATUS_EXPIRED

    scheme: str
    ends_on: date

    @property
    def which(self) -> str:
        """Which end."""
        return str(self.ends_on)


class OutcomeMissing(_Fact, frozen=True, kw_only=True, tag="outcome_missing"):
    """Still nobody said what became of the pupil."""

    TEMPLATE = MailTemplate.OUTCOME_MISSING

    scheme: str
    weeks: int
    ends_on: date

    @property
    def which(self) -> str:
        """After which end, and how long after."""
        return f"{self.ends_on}:{self.weeks}"

    def is_over(self, day: date) -> bool:
        """Once another week is over, that one tells it, or an outcome was said: many late ones would be a flood."""
        return day > self.ends_on + timedelta(weeks=self.weeks + 1)


class ReviewOverdue(_Fact, frozen=True, kw_only=True, tag="review_overdue"):
    """No review was held by `review_on`."""

    TEMPLATE = MailTemplate.REVIEW_OVERDUE

    scheme: str
    review_on: date

    @property
    def which(self) -> str:
        """Which review."""
        return str(self.review_on)


class DelayApproaching(_Fact, frozen=True, kw_only=True, tag="delay_approaching"):
    """So many days before the last one of a delay."""

    TEMPLATE = MailTemplate.DELAY_APPROACHING

    kind: str
    days: int
    since: date
    until: date

    @property
    def which(self) -> str:
        """Of which end, and how long before."""
        return f"{self.until}:{self.days}"

    def is_over(self, day: date) -> bool:
        """After the last day, the delay reached tells it."""
        return day > self.until


class DelayReached(_Fact, frozen=True, kw_only=True, tag="delay_reached"):
    """The last day of a delay is over, and it was not done."""

    TEMPLATE = MailTemplate.DELAY_REACHED

    kind: str
    since: date
    until: date

    @property
    def which(self) -> str:
        """Which end."""
        return str(self.until)


OfParcours = ParcoursOpened | StatusExpiring | StatusExpired | OutcomeMissing | ReviewOverdue
OfDelay = DelayApproaching | DelayReached
Fact = ThresholdReached | OfParcours | OfDelay


def fact_id_of(about_id: UUID, fact: Fact) -> UUID:
    """The id of this fact about this alert, parcours or delay: the same however often it is read."""
    return uuid5(about_id, f"{fact.template}:{fact.which}")


def mail_id_of(fact_id: UUID, who: str) -> UUID:
    """The id of the e-mail that tells `who` (a person's id, or a role while nobody is in it)."""
    return uuid5(fact_id, who)
