"""What happened, counted where it is recorded: in the streams and the quarantine, not by whoever sent the events."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from chassis import quarantine
from chassis.service import Service
from contracts.alerts import (
    AbsenceThresholdReached,
    AlertAcknowledged,
    AlertClosed,
    AlertLifted,
    FollowUpRecorded,
    ThresholdApproached,
)
from contracts.catalogue import ALERTS, NOTIFICATIONS, PARCOURS, REFUSALS, SCHOOL
from contracts.envelope import Payload
from contracts.notifications import MailFailed, MailSent
from contracts.parcours import ParcoursClosed, ParcoursExtended, ParcoursOpened, StatusExpired, StatusExpiring
from contracts.school import AbsenceCancelled, AbsenceJustified, AbsenceReported, StudentEnrolled
from contracts.streams import StreamSpec

_COUNTED: tuple[tuple[str, StreamSpec, type[Payload]], ...] = (
    ("students_enrolled", SCHOOL, StudentEnrolled),
    ("absences_reported", SCHOOL, AbsenceReported),
    ("absences_justified", SCHOOL, AbsenceJustified),
    ("absences_cancelled", SCHOOL, AbsenceCancelled),
    ("thresholds_approached", ALERTS, ThresholdApproached),
    ("alerts_lifted", ALERTS, AlertLifted),
    ("alerts_acknowledged", ALERTS, AlertAcknowledged),
    ("follow_ups", ALERTS, FollowUpRecorded),
    ("alerts_closed", ALERTS, AlertClosed),
    ("parcours_opened", PARCOURS, ParcoursOpened),
    ("parcours_extended", PARCOURS, ParcoursExtended),
    ("status_expiring", PARCOURS, StatusExpiring),
    ("status_expired", PARCOURS, StatusExpired),
    ("parcours_closed", PARCOURS, ParcoursClosed),
    ("mails_sent", NOTIFICATIONS, MailSent),
    ("mails_not_sent", NOTIFICATIONS, MailFailed),
)
_FETCH = 500


async def count(services: Sequence[Service]) -> dict[str, int]:
    """The counts of everything a suite at rest has recorded since it was made."""
    js = services[0].nats.js
    found = {name: await _messages(js, stream, _subject(stream, fact)) for name, stream, fact in _COUNTED}
    levels = await _levels(js)
    found |= {"alerts_level1": levels[1], "alerts_level2": levels[2]}
    found["refused"] = await _messages(js, REFUSALS, REFUSALS.subjects[0])
    found["quarantined"] = await asyncio.to_thread(_quarantined, services)
    return found


def _subject(stream: StreamSpec, fact: type[Payload]) -> str:
    return stream.subjects[0].removesuffix("*") + fact.FACT


async def _messages(js: JetStreamContext, stream: StreamSpec, subject: str) -> int:
    """How many messages of a subject a stream holds, as a consumer from its start would get."""
    info = await js.add_consumer(
        stream.name,
        ConsumerConfig(
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.NONE,
            filter_subject=subject,
            inactive_threshold=5,
            mem_storage=True,
        ),
    )
    await js.delete_consumer(stream.name, info.name)
    return int(info.num_pending or 0)


async def _levels(js: JetStreamContext) -> Counter[int]:
    """Alerts raised, by level."""
    levels: Counter[int] = Counter()
    subscription = await js.pull_subscribe(
        _subject(ALERTS, AbsenceThresholdReached),
        stream=ALERTS.name,
        config=ConsumerConfig(
            deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, inactive_threshold=30, mem_storage=True
        ),
    )
    try:
        left = (await subscription.consumer_info()).num_pending or 0
        while left > 0:
            messages = await subscription.fetch(min(left, _FETCH), timeout=10)
            for message in messages:
                event: dict[str, Any] = json.loads(message.data)
                levels[event["data"]["level"]] += 1
            left -= len(messages)
    finally:
        await subscription.unsubscribe()
    return levels


def _quarantined(services: Sequence[Service]) -> int:
    total = 0
    for service in services:
        with service.database.transaction() as tx:
            total += len(quarantine.held(tx))
    return total
