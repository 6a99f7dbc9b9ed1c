"""What should have happened, by the rule book and the record alone: shares no code with the service.

Reads the stored events of one parcours or delay in order, keeps what is still to come, and complains.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

_FRANCE = ZoneInfo("Europe/Paris")
_FIRES = {
    "parcours.Expiring.1": "expiring",
    "parcours.Expired.1": "expiry",
    "parcours.ReviewOverdue.1": "review",
    "parcours.OutcomeMissing.1": "outcome",
    "parcours.DelayApproaching.1": "approaching",
    "parcours.DelayReached.1": "reached",
}
_OVER = (
    "parcours.Closed.1",
    "parcours.TurnedDown.1",
    "parcours.Forgotten.1",
    "parcours.DelayEnded.1",
    "parcours.DelayReached.1",
)
_RUNS = ("parcours.Opened.1", "parcours.Extended.1")


@cache
def midnight(day: date) -> datetime:
    """The instant a day begins in France."""
    return datetime.combine(day, time(), _FRANCE).astimezone(UTC)


@cache
def _day(text: str, plus: int = 0) -> date:
    return date.fromisoformat(text) + timedelta(plus)


def _last_week(ends_on: str, at: datetime) -> datetime:
    """The instant the last whole week since the end was over: of weeks that nobody saw pass, only it is told."""
    days = (at.astimezone(_FRANCE).date() - _day(ends_on, 1)).days
    return midnight(_day(ends_on, days // 7 * 7 + 1))


class Page:
    """One parcours or delay: `open` is what is still to come, by kind; `wrong` what must not be, by rule."""

    def __init__(self) -> None:
        self.open: dict[str, datetime] = {}
        self.running = False
        self.erased = False
        self.ends_on = ""
        self.wrong: list[tuple[str, str]] = []
        self._extended_from: set[str] = set()

    def read(self, topic: str, event: Mapping[str, Any]) -> str | None:
        """Take in the next event; the kind of deadline that fired, if it is one."""
        kind = _FIRES.get(topic)
        if kind:
            kind = f"{kind}-{event['days']}" if kind == "expiring" else kind
            self._fire(kind, event)
        if topic in _RUNS:
            self._run(topic, event)
        elif topic == "parcours.ReviewHeld.1":
            self._review(event["next_review_on"])
        elif topic == "parcours.Expired.1":
            self.running = False
            self.open = {"outcome": midnight(_day(event["ends_on"], 8))}
        elif topic == "parcours.OutcomeMissing.1":
            self.open["outcome"] = midnight(_day(event["ends_on"], 7 * event["weeks"] + 8))
        elif topic == "parcours.DelayStarted.1":
            self.open = {"reached": midnight(_day(event["of"][4], 1))}
            if event["remind_on"]:
                self.open["approaching"] = midnight(_day(event["remind_on"]))
        elif topic in _OVER:
            self.running, self.open = False, {}
            self.erased = topic == "parcours.Forgotten.1"
        return kind

    def _run(self, topic: str, event: Mapping[str, Any]) -> None:
        at = datetime.fromisoformat(event["at"])
        if topic == "parcours.Extended.1":
            self._extended_from.add(self.ends_on)
        self.running, self.ends_on = True, event["ends_on"]
        reminders = {days: midnight(_day(self.ends_on, -days)) for days in event["reminders"]}
        self.open = {f"expiring-{days}": due_at for days, due_at in reminders.items() if due_at > at}
        self.open["expiry"] = midnight(_day(self.ends_on, 1))
        self._review(event["next_review_on"])

    def _review(self, day: str | None) -> None:
        self.open.pop("review", None)
        if day:
            self.open["review"] = midnight(_day(day, 1))

    def _fire(self, kind: str, event: Mapping[str, Any]) -> None:
        due_at, at = datetime.fromisoformat(event["due_at"]), datetime.fromisoformat(event["at"])
        if kind in self.open and kind == "outcome":
            self.open[kind] = max(self.open[kind], _last_week(event["ends_on"], at))
        if self.open.pop(kind, None) != due_at:
            self.wrong.append(("each fired once", f"{kind} of {due_at} fired, and was not to come"))
        if at < due_at:
            self.wrong.append(("none early", f"{kind} of {due_at} fired at {at}"))
        older = [other for other, due in self.open.items() if due < due_at]
        if older:
            self.wrong.append(("in due order", f"{kind} of {due_at} fired before {', '.join(older)}"))
        if kind == "expiry" and event["ends_on"] in self._extended_from:
            self.wrong.append(("an extension is the last word", f"expired on {event['ends_on']} all the same"))
