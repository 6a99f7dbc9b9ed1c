"""The parcours service as it is, but for a wait in each command: `BEFORE_MS`, in its transaction, before it is decided.

What a slower disk or network would cost whoever acts; other replicas go on meanwhile.
"""

import os
import time
from datetime import datetime

from chassis.database import Transaction
from chassis.start import start
from contracts.commands import Command
from services import variables
from services.parcours import app
from services.parcours.application import ParcoursService, State
from services.parcours.settings import ParcoursSettings


class Slowed(ParcoursService):
    """Takes its time."""

    def _obey(self, tx: Transaction, command: Command, now: datetime) -> State:
        time.sleep(float(os.environ["BEFORE_MS"]) / 1000)
        return super()._obey(tx, command, now)


if __name__ == "__main__":
    app.ParcoursService = Slowed  # type: ignore[attr-defined]  # where the service is put together
    start("parcours", ParcoursSettings, app.build, variables())
