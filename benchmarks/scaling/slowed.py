"""The alerts service as it is, but for a wait in each batch: what a slower disk or network would cost it.

`BEFORE_MS`: for each message, inside the transaction, before the service's own handler; other replicas go on
meanwhile. `HOLDING_MS`: after it, with what it appended not yet committed, so with the lock of the log held.
"""

import os
import time
from collections.abc import Sequence
from typing import Any

from chassis.applying import Handler
from chassis.database import Transaction
from chassis.service import Service
from chassis.settings import Settings
from chassis.start import start
from services import variables
from services.alerts.app import build

BATCH = 50


def slow(handler: Handler[Any], before_s: float, holding_s: float) -> None:
    """Let `handler` take its time: so many seconds a message, before what it does and after."""
    handle = handler.handle

    def slowly(tx: Transaction, items: Sequence[Any]) -> None:
        time.sleep(before_s * len(items))
        handle(tx, items)
        if holding_s:
            tx.execute("SELECT 1").fetchone()  # in a pipelined transaction nothing may have been done so far
        time.sleep(holding_s * len(items))

    handler.handle = slowly  # type: ignore[method-assign]  # in place: who applies batches has it in hand already


def build_slowed(settings: Settings) -> Service:
    """The service, with its handlers slowed."""
    service = build(settings)
    before, holding = (float(os.environ.get(name, 0)) / 1000 for name in ("BEFORE_MS", "HOLDING_MS"))
    for reader in service.readers:
        slow(reader.handler, before, holding)
        reader._batch = BATCH  # a wait for 4000 messages at once would be seconds long
    return service


if __name__ == "__main__":
    start("alerts", Settings, build_slowed, variables())
