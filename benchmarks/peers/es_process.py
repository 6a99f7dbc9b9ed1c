"""Peer, first process: a simple loop feeds the stream to the process application."""

import asyncio
import os

import nats
from eventsourcing.persistence import Tracking
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from benchmarks.peers.es_domain import Absences, environment
from contracts.envelope import Envelope
from contracts.school import AbsenceReported
from contracts.streams import EVERY_PLACE

STREAM = "SCHOOL"


def process(application: Absences, messages: list[Msg]) -> None:
    """One transaction for each message: new events and position, recorded together."""
    for message in messages:
        envelope = Envelope[AbsenceReported].model_validate_json(message.data)
        tracking = Tracking(STREAM, message.metadata.sequence.stream)
        # The policy dispatches on the class: a fact of the stream will do for an event of another application.
        application.process_event(envelope.data, tracking)  # type: ignore[arg-type]


async def main() -> None:
    """Read on from the recorded position, for ever."""
    client = await nats.connect(os.environ["NATS_URL"])
    application = Absences(environment())
    start = (application.recorder.max_tracking_id(STREAM) or 0) + 1
    subscription = await client.jetstream().pull_subscribe(
        f"school.{EVERY_PLACE}.absence_reported",
        stream=STREAM,
        config=ConsumerConfig(
            opt_start_seq=start,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=300,  # it asks rarely: 500 messages take it a second or more
        ),
    )
    while True:
        try:
            messages = await subscription.fetch(500, timeout=1)
        except TimeoutError:
            continue
        await asyncio.to_thread(process, application, messages)


if __name__ == "__main__":
    asyncio.run(main())
