"""What was ever released stays readable: logs are kept for ever, and senders do not all change at once."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from contracts.catalogue import FLOW, INCOMING
from contracts.generate import GOLDEN, golden
from contracts.schema import on_the_wire

EVENTS: tuple[type[BaseModel], ...] = (*(channel.contract for channel in FLOW), *INCOMING)
LINES = [(c, line) for c in EVENTS if golden(c).exists() for line in golden(c).read_text().splitlines()]


def test_each_event_has_a_golden_line() -> None:
    missing = [golden(c).name for c in EVENTS if not golden(c).exists()]
    assert not missing, f"run `python -m contracts.generate --release`: {missing}"


def test_an_event_that_was_released_is_never_withdrawn() -> None:
    assert set(GOLDEN.iterdir()) == {golden(contract) for contract in EVENTS}


@pytest.mark.parametrize(("contract", "line"), LINES, ids=lambda v: getattr(v, "__name__", "line"))
def test_all_that_a_released_event_said_is_still_understood(contract: type[BaseModel], line: str) -> None:
    read = on_the_wire(contract).model_validate_json(line)
    _assert_kept(json.loads(line), read.model_dump(mode="json"), contract.__name__)


def test_a_field_that_a_later_version_adds_does_not_stop_an_earlier_reader() -> None:
    for contract in (channel.contract for channel in FLOW):
        event = json.loads(golden(contract).read_text().splitlines()[0])
        event["data"]["added_later"] = event["addedlater"] = "x"
        assert on_the_wire(contract).model_validate(event)


def _assert_kept(said: Any, understood: Any, where: str) -> None:
    """Every value of `said` is found again: a renamed field would be silently ignored otherwise."""
    if isinstance(said, dict):
        for name, value in said.items():
            assert name in understood, f"{where}.{name} is no longer read"
            _assert_kept(value, understood[name], f"{where}.{name}")
    elif isinstance(said, list):
        assert len(said) == len(understood), where
        for place, value in enumerate(said):
            _assert_kept(value, understood[place], f"{where}[{place}]")
    elif not where.endswith("time"):
        assert said == understood, where
