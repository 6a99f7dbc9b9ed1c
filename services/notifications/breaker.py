"""Whether to bother the relay: after a failure that is not a letter's fault, wait, then try with a few."""

import time
from collections.abc import Callable
from random import Random

from chassis.logs import Log
from services.notifications.backoff import BackOff
from services.notifications.courier import NOT_US, Outcome

log = Log("sender")

_NOT_THERE = "the mail relay does not answer: is it running, and are PERSEVERANCE_SMTP_HOST, _PORT and _TLS right?"
_WHO_WE_ARE = "the mail relay does not take us for who we say: see PERSEVERANCE_SMTP_USER and _PASSWORD_FILE"
_UNREADABLE = (
    "the password for the mail relay cannot be read: put it where PERSEVERANCE_SMTP_PASSWORD_FILE says, readable by us."
)
_NOT_NOW = "the mail relay takes nothing from us: see its log, and whether it knows our address"


class Breaker:
    """Closed while the relay works; open for longer and longer while it does not; then half-open.

    Without it, minutes without a relay would be minutes of thousands of e-mails tried in vain.
    """

    def __init__(
        self,
        back_off: BackOff,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Random | None = None,
    ) -> None:
        self._back_off = back_off
        self._monotonic = monotonic
        self._chance = chance or Random()  # noqa: S311  (spreads retries, hides nothing)
        self._failures = 0
        self._works = False
        self._until = 0.0

    @property
    def wait_s(self) -> float:
        """How long nothing should be tried; 0 when something may be."""
        return max(0.0, self._until - self._monotonic())

    @property
    def doubtful(self) -> bool:
        """Whether the last attempt found no relay, or none was made yet: a few letters should find out."""
        return not self._works

    def note(self, outcome: Outcome) -> None:
        """Learn from an attempt."""
        self._tell(outcome)
        self._works = not outcome.relay_away
        if self._works:
            self._failures, self._until = 0, 0.0
        elif not self.wait_s:  # several connections failing together are one failure
            self._failures += 1
            self._until = self._monotonic() + self._back_off.after(self._failures, self._chance).total_seconds()

    def _tell(self, outcome: Outcome) -> None:
        """What is wrong with the relay, once for as long as it lasts, and that it is over."""
        if outcome.relay_away and not self._failures:
            log.error("sender.relay_away", what=f"{_what(outcome)} E-mails wait for it.", code=outcome.code or 0)
        elif self._failures and not outcome.relay_away:
            log.info("sender.relay_back")


def _what(outcome: Outcome) -> str:
    if outcome.no_password:
        return _UNREADABLE
    if outcome.code is None:
        return _NOT_THERE
    return _WHO_WE_ARE if outcome.code in NOT_US else _NOT_NOW
