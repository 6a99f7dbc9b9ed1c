"""What intake counts. A code is one of ours; nothing here is about a pupil or a school."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import Counter, Gauge

from services.intake.verdicts import Verdict

EVENTS = Counter("perseverance_intake_events", "Events answered", ["door", "status", "code"])
BACKLOG = Gauge("perseverance_intake_backlog", "Accepted facts that wait to be published")
TURNED_AWAY = Counter("perseverance_intake_turned_away", "Requests answered 429 or 503", ["status"])


def count(door: str, verdicts: Iterable[Verdict]) -> None:
    """Count the answers of one batch."""
    tally = Tally((v.status, v.refusal.code if v.refusal else "") for v in verdicts)
    for (status, code), number in tally.items():
        EVENTS.labels(door, status, str(code)).inc(number)
