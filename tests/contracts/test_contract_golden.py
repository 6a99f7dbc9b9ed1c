"""What was ever released stays readable: logs are kept for ever, and senders do not all change at once."""

import json
from importlib.metadata import version
from typing import Any

import pytest
from pydantic import BaseModel

from contracts.catalogue import FLOW, INCOMING
from contracts.schema import CONTRACTS, name_of, on_the_wire
from golden import HERE, releases

BY_NAME = {name_of(contract): contract for contract in CONTRACTS}
EVENTS = (*(channel.contract for channel in FLOW), *INCOMING)


def messages(release: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / release / "messages.jsonl").read_text().splitlines()]


RELEASED = [(release, each["contract"], each["body"]) for release in releases() for each in messages(release)]


def test_each_contract_has_a_golden_example_once_its_version_is_released() -> None:
    present = version("perseverance")
    if "dev" not in present:
        missing = BY_NAME.keys() - {each["contract"] for each in messages(present)}
        assert not missing, f"raise the version in pyproject.toml, then `make golden VERSION=...`: {missing}"


def test_a_contract_that_was_released_is_never_withdrawn() -> None:
    assert {name for _, name, _ in RELEASED} <= BY_NAME.keys()


@pytest.mark.parametrize(("release", "name", "body"), RELEASED, ids=lambda v: v if isinstance(v, str) else "")
def test_all_that_a_released_contract_said_is_still_understood(release: str, name: str, body: dict[str, Any]) -> None:
    read = on_the_wire(BY_NAME[name]).model_validate(body)
    assert_kept(body, read.model_dump(mode="json"), f"{release} {name}")


def test_a_field_that_a_later_version_adds_does_not_stop_an_earlier_reader() -> None:
    contracts: dict[str, type[BaseModel]] = {name_of(channel.contract): channel.contract for channel in FLOW}
    for _, name, body in RELEASED:
        if name in contracts:
            later = body | {"data": body["data"] | {"added_later": "x"}, "addedlater": "x"}
            assert on_the_wire(contracts[name]).model_validate(later)


def assert_kept(said: Any, understood: Any, where: str) -> None:
    """Every value of `said` is found again: a renamed field would be silently ignored otherwise."""
    if isinstance(said, dict):
        for name, value in said.items():
            assert name in understood, f"{where}.{name} is no longer read"
            assert_kept(value, understood[name], f"{where}.{name}")
    elif isinstance(said, list):
        assert len(said) == len(understood), where
        for place, value in enumerate(said):
            assert_kept(value, understood[place], f"{where}[{place}]")
    elif not where.endswith("time"):
        assert said == understood, where
