"""Each contract has an example, and each example is a message one could really receive."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, create_model

from contracts.catalogue import COMMANDS, FLOW, INCOMING
from contracts.commands import Command
from contracts.envelope import Envelope, Payload
from contracts.examples import EXAMPLES, absence_reported, example, half_day, half_days, mail_sent, sent
from contracts.incoming import ReportAbsence
from contracts.schema import CONTRACTS, on_the_wire
from contracts.school import AbsenceReported

events = pytest.mark.parametrize("contract", [c.contract for c in FLOW], ids=lambda c: c.TYPE)
every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.__name__)


def test_each_contract_of_the_catalogue_has_an_example_and_nothing_else_has() -> None:
    wanted = {c.contract for c in FLOW} | set(INCOMING) | set(COMMANDS)
    missing = [c.__name__ for c in CONTRACTS if c not in EXAMPLES]
    assert not missing, f"add these to contracts/examples: {missing}"
    assert wanted <= set(CONTRACTS) == set(EXAMPLES)


@every_contract
def test_an_example_is_read_and_written_without_loss(contract: type[BaseModel]) -> None:
    read = on_the_wire(contract).model_validate(EXAMPLES[contract])
    again = on_the_wire(contract).model_validate_json(read.model_dump_json(exclude_none=True))
    assert again == read


@every_contract
def test_an_example_leaves_no_field_of_its_contract_out(contract: type[BaseModel]) -> None:
    shown = EXAMPLES[contract]
    assert set(shown) == set(on_the_wire(contract).model_fields)
    if "data" in shown:
        assert set(shown["data"]) == set(contract.model_fields)


@events
def test_an_event_says_its_type_and_its_pupil(contract: type[Payload]) -> None:
    event: Envelope[Any] = example(contract)
    assert event.type == contract.TYPE
    assert event.subject == str(event.data.student_id)
    assert type(event).model_validate_json(event.to_json()) == event


@pytest.mark.parametrize("contract", COMMANDS, ids=lambda c: c.__name__)
def test_a_command_of_the_version_after_is_understood_unless_it_asks_for_what_is_new(contract: type[Command]) -> None:
    asked = contract.model_validate(EXAMPLES[contract])
    later = create_model("Later", __base__=contract, added=(str | None, None))
    assert contract.model_validate_json(later(**asked.model_dump()).to_json()) == asked
    with pytest.raises(ValidationError):
        contract.model_validate_json(later(**asked.model_dump(), added="x").to_json())


def test_a_builder_called_twice_tells_one_fact_and_any_change_makes_another() -> None:
    assert absence_reported() == absence_reported()
    facts = {absence_reported(half_day=h, justified=j).id for h in half_days(7) for j in (True, False)}
    assert len(facts) == 14


def test_a_builder_takes_what_it_is_told() -> None:
    told = absence_reported(id="abc", half_day=half_day("2025-11-04"), justified=True)
    assert isinstance(told.data, AbsenceReported)
    assert (told.id, told.data.half_day, told.data.justified) == ("abc", half_day("2025-11-04"), True)
    assert mail_sent(attempt=3, actor_id=None).data.attempt == 3
    assert sent(ReportAbsence, id="x", ine="wrong")["data"]["ine"] == "wrong"


def test_half_days_follow_each_other_and_skip_weekends() -> None:
    found = half_days(12)
    assert list(found) == sorted(set(found))
    assert all(h.date.weekday() < 5 for h in found)
