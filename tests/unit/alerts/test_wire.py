"""What is read from the streams is read as the contracts say it, field by field."""

from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from contracts.catalogue import PARCOURS, SCHOOL, consumed_by
from contracts.envelope import Payload
from contracts.examples import example
from services.alerts.reactions import PARCOURS_REACTIONS, REACTIONS

READ: dict[str, Any] = {fact: decoder.type for fact, (decoder, _) in [*REACTIONS.items(), *PARCOURS_REACTIONS.items()]}
CONTRACTS = [channel.contract for stream in (SCHOOL, PARCOURS) for channel in consumed_by("alerts", stream)]


def agree(read: Any, said: Any) -> None:
    """Each field that is read holds what the contract says; its default, if this contract has no such field."""
    if isinstance(read, msgspec.Struct):
        for field in msgspec.structs.fields(read):
            value = getattr(read, field.name)
            if isinstance(said, BaseModel) and field.name in type(said).model_fields:
                agree(value, getattr(said, field.name))
            else:
                assert value == field.default
    elif isinstance(read, tuple):
        assert isinstance(said, tuple)
        for one, other in zip(read, said, strict=True):
            agree(one, other)
    else:
        assert read == said


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("without", [{}, {"exclude_none": True, "exclude_defaults": True}])
def test_what_is_read_is_what_the_contract_says(contract: type[Payload], without: dict[str, bool]) -> None:
    said = example(contract)
    agree(msgspec.json.decode(said.model_dump_json(**without), type=READ[contract.FACT]), said)  # type: ignore[arg-type]


def test_every_fact_that_alerts_listen_to_is_read() -> None:
    assert {contract.FACT for contract in CONTRACTS} == set(READ)
