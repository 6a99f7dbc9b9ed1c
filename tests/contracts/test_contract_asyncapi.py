"""The AsyncAPI document: whole, and saying what the catalogue says."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from contracts.asyncapi import document
from contracts.catalogue import COMMANDS, FLOW, INCOMING
from contracts.generate import HERE

DOCUMENT = document()
CHANNELS: dict[str, Any] = DOCUMENT["channels"]
OPERATIONS: dict[str, Any] = DOCUMENT["operations"]
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]


def resolve(reference: str) -> Any:
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def test_it_is_committed_as_generated() -> None:
    committed = json.loads((HERE / "asyncapi.json").read_text())
    assert committed == DOCUMENT, "run `make schemas` and commit what it writes"


def test_it_has_what_asyncapi_3_requires() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert all({"host", "protocol"} <= set(server) for server in DOCUMENT["servers"].values())
    keys = re.compile(r"[a-zA-Z0-9._-]+")
    for kind in DOCUMENT["components"].values():
        assert all(keys.fullmatch(key) for key in kind)


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)
    assert found
    for reference in found:
        assert resolve(reference)


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_declares_the_parameters_of_its_address_and_carries_something(name: str) -> None:
    channel = CHANNELS[name]
    assert set(re.findall(r"{(\w+)}", channel["address"] or "")) == set(channel.get("parameters", {}))
    assert channel["messages"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_speaks_of_messages_of_its_own_channel(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["action"] in {"send", "receive"}
    for side in (operation, *([operation["reply"]] if "reply" in operation else [])):
        assert side["messages"]
        for message in side["messages"]:
            assert message["$ref"].startswith(side["channel"]["$ref"] + "/messages/")


def test_every_fact_is_sent_by_its_producer_and_received_by_its_consumers() -> None:
    for channel in FLOW:
        by = {
            (operation["action"], operation["tags"][0]["name"])
            for operation in OPERATIONS.values()
            if operation["messages"][0]["$ref"].endswith(f"/messages/{channel.contract.__name__}")
        }
        assert by == {("send", channel.producer)} | {("receive", consumer) for consumer in channel.consumers}


def test_every_command_is_received_and_answered() -> None:
    answered = {o["messages"][0]["$ref"].rpartition("/")[2] for o in OPERATIONS.values() if "reply" in o}
    assert answered == {command.__name__ for command in COMMANDS}


def test_schools_may_send_what_the_catalogue_says() -> None:
    assert set(CHANNELS["intake.raw"]["messages"]) == {contract.__name__ for contract in INCOMING}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_shows_a_valid_example(name: str) -> None:
    schema = {**MESSAGES[name]["payload"], "components": DOCUMENT["components"]}
    for shown in MESSAGES[name]["examples"]:
        Draft7Validator(schema, format_checker=FormatChecker()).validate(shown["payload"])
