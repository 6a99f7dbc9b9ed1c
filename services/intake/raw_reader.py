"""The NATS door: raw events of systems inside the network, read in order; what is refused is published back."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from chassis.database import Transaction
from chassis.messages import Message
from services.intake import ledger, metrics, refusals, senders, traces
from services.intake.application import Intake
from services.intake.batch import Said
from services.intake.codes import Code
from services.intake.reading import Read, read_one
from services.intake.verdicts import Refusal, Verdict

READER = "raw"
_NOBODY = "unknown"

Sent = tuple[str, Read]
"""The name in the subject, and the event."""


class RawHandler:
    """Takes raw messages in. Nothing that a sender can write makes it fail: at worst it is refused."""

    def __init__(self, intake: Intake, wake: Callable[[], None] = lambda: None) -> None:
        self._intake = intake
        self._wake = wake
        self._said: list[Said] = []
        self._answered: list[Verdict] = []
        self._started = 0

    def decode(self, message: Message) -> Sent:
        """The sender named by the last token of the subject, and the event.

        Refusing one is an effect like another, so this never raises.
        """
        return message.fact, read_one(message.data)

    def handle(self, tx: Transaction, items: Sequence[Sent]) -> None:
        """Keep what is valid, and the refusals to publish, in the transaction that moves the position."""
        ledger.hold_door(tx)
        known = senders.by_name(tx, {name for name, _ in items})
        said: list[Said] = []
        refused: list[tuple[str, Refusal]] = []
        for name, event in items:
            if name in known:
                said.append((known[name], event))
            else:
                refused.append((name if senders.is_name(name) else _NOBODY, Refusal("", Code.UNKNOWN_SENDER)))
        self._said, self._started = said, time.time_ns()
        self._answered = self._intake.accept(tx, said)
        refused += [
            (sender.name, verdict.refusal)
            for (sender, _), verdict in zip(said, self._answered, strict=True)
            if verdict.refusal
        ]
        refusals.put(tx, datetime.now(UTC), refused)

    def forget(self) -> None:
        """The batch was not committed."""
        self._said, self._answered = [], []

    def committed(self) -> None:
        """The batch was committed: count it, wake the relays."""
        metrics.count("nats", self._answered)
        traces.accepted("nats", self._said, self._answered, self._started)
        self._said, self._answered = [], []
        self._wake()
