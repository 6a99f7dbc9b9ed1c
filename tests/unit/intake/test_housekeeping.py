"""How many accepted facts wait to be published, as the door is told."""

from dataclasses import dataclass
from typing import Any

import pytest

from services.intake.housekeeping import Housekeeping


@dataclass
class Ledger:
    """A log that ends here."""

    last: int

    def end(self) -> int:
        return self.last


@dataclass
class Relay:
    """What one may know of a relay; `stream` is asked only where nothing nearer tells."""

    log: Any
    published: int | None
    stream: int = 0
    asked: int = 0

    async def tail(self) -> tuple[int, int]:
        self.asked += 1
        return self.stream, self.stream


async def _nothing(stream: str, before: int) -> None:
    pytest.fail(f"{stream} is not to be purged")


@pytest.mark.parametrize(
    ("relay", "waiting", "asked"),
    [
        (Relay(Ledger(0), 0), 0, 0),
        (Relay(Ledger(12), 12), 0, 0),
        (Relay(Ledger(12), 5), 7, 0),
        (Relay(Ledger(12), None, stream=4), 8, 1),
        (Relay(Ledger(12), None, stream=0), 12, 1),
        (Relay(Ledger(3), 12), 0, 0),
    ],
    ids=["nothing", "all published", "some wait", "another publishes", "nobody has", "set back"],
)
async def test_the_backlog_is_what_the_stream_lacks_of_the_ledger(relay: Relay, waiting: int, asked: int) -> None:
    keeper = Housekeeping(None, None, _nothing)  # type: ignore[arg-type]  (it asks neither)
    await keeper.measure_backlog(relay)
    assert (keeper.backlog, relay.asked) == (waiting, asked)
