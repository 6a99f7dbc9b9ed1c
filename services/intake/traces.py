"""Where traces begin: an event of a school is accepted."""

from collections.abc import Iterable

from chassis import tracing
from chassis.tracing import Elsewhere
from contracts.envelope import correlation_of
from services.intake.batch import Said
from services.intake.drafts import Draft
from services.intake.verdicts import Verdict


def accepted(
    door: str, said: Iterable[Said], verdicts: Iterable[Verdict], started_ns: int, after: Elsewhere | None = None
) -> None:
    """A span for each event that was accepted and is committed, linked to what it says it follows, or else `after`."""
    if not tracing.active():
        return
    for (sender, event), verdict in zip(said, verdicts, strict=True):
        if verdict.status == "accepted" and isinstance(event, Draft):
            correlation = correlation_of(event.source, verdict.id or "")
            about = {
                "perseverance.door": door,
                "perseverance.sender": sender.name,
                "perseverance.type": event.data.TYPE,
            }
            tracing.began("intake.accept", correlation, started_ns, about, event.after or after)
