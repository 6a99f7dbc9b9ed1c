"""The JSON Schemas: committed as generated, and true to the classes they describe."""

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel

from contracts.examples import EXAMPLES
from contracts.generate import SCHEMAS, generated
from contracts.schema import CONTRACTS, name_of, schema_of

every_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.__name__)
CHANGED = "{} is not as generated; run `make schemas` and commit what it writes"


@cache
def validator(contract: type[BaseModel]) -> Draft202012Validator:
    return Draft202012Validator(schema_of(contract), format_checker=FormatChecker())


def test_committed_files_are_as_generated() -> None:
    for path, text in generated().items():
        assert path.exists(), CHANGED.format(path.name)
        assert path.read_text() == text, CHANGED.format(path.name)


def test_no_schema_is_left_of_a_contract_that_is_gone() -> None:
    assert set(SCHEMAS.glob("*.json")) <= set(generated()), CHANGED.format("contracts/schemas")


def test_what_is_generated_does_not_depend_on_the_run() -> None:
    assert generated() == generated()


def test_each_schema_has_a_name_of_its_own() -> None:
    names = [schema_of(contract)["$id"] for contract in CONTRACTS]
    assert len(set(names)) == len(names) == len(CONTRACTS)


@every_contract
def test_a_schema_is_a_schema(contract: type[BaseModel]) -> None:
    Draft202012Validator.check_schema(schema_of(contract))
    assert schema_of(contract)["title"] == contract.__name__


@every_contract
def test_an_example_is_valid_for_its_schema(contract: type[BaseModel]) -> None:
    validator(contract).validate(EXAMPLES[contract])


@every_contract
def test_an_example_with_a_required_field_less_is_not_valid(contract: type[BaseModel]) -> None:
    for field in schema_of(contract)["required"]:
        cut = {name: value for name, value in EXAMPLES[contract].items() if name != field}
        assert not validator(contract).is_valid(cut), field


def test_an_event_is_valid_for_the_schema_of_its_own_type_only() -> None:
    events = [c for c in CONTRACTS if "specversion" in EXAMPLES[c]]
    for contract in events:
        matching = [other for other in events if validator(other).is_valid(EXAMPLES[contract])]
        assert matching == [contract]


@pytest.mark.parametrize(
    ("field", "value"),
    [("ine", "not an INE"), ("uai", "31"), ("date", "6 October"), ("period", "M"), ("reason", "free text")],
)
def test_a_sender_can_see_from_the_schema_what_would_be_refused(field: str, value: str) -> None:
    event = _incoming_absence()
    event["data"][field] = value
    assert not validator(_report_absence()).is_valid(event)


def _report_absence() -> type[BaseModel]:
    return next(c for c in CONTRACTS if name_of(c) == "fr.perseverance.intake.absence_reported.v1")


def _incoming_absence() -> dict[str, Any]:
    event: dict[str, Any] = json.loads(json.dumps(EXAMPLES[_report_absence()]))
    return event
