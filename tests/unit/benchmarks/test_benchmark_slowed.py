"""A slowed handler is slow for whoever had it in hand before, or `make scale` would measure the processor."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest

from benchmarks.scaling import slowed
from chassis.applying import Applying


class Keeps:
    def __init__(self) -> None:
        self.done: list[Any] = []

    def decode(self, message: Any) -> Any:
        return message

    def handle(self, tx: Any, items: Sequence[Any]) -> None:
        self.done += items

    def forget(self) -> None:
        self.done.clear()


def test_it_waits_for_each_message_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(slowed.time, "sleep", waits.append)
    handler = Keeps()
    applying: Applying[Any] = Applying("reader", "STREAM", handler, None, traced=False, pipelined=True)  # type: ignore[arg-type]
    slowed.slow(handler, before_s=0.5, holding_s=0.25)
    tx = Mock()
    applying._handler.handle(tx, ["a", "b"])
    assert handler.done == ["a", "b"]
    tx.execute.return_value.fetchone.assert_called_once()
    assert waits == [1.0, 0.5]
