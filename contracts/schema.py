"""JSON Schema (2020-12) of each contract class, as it is on the wire, made from the catalogue."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from contracts.catalogue import COMMANDS, FLOW, INCOMING
from contracts.commands import Command, CommandReply
from contracts.directory import Actor, School
from contracts.envelope import Envelope, Payload
from contracts.incoming import Incoming, IncomingEvent, Refusal

DIALECT = "https://json-schema.org/draft/2020-12/schema"
OTHERS: dict[type[BaseModel], str] = {
    Refusal: "intake.refusal",
    CommandReply: "commands.reply",
    School: "directory.school",
    Actor: "directory.actor",
}
CONTRACTS: tuple[type[BaseModel], ...] = (
    *(channel.contract for channel in FLOW),
    *INCOMING,
    *COMMANDS,
    *OTHERS,
)


def name_of(contract: type[BaseModel]) -> str:
    """The stable name of a contract: its event type, its command subject, or its place in the directory."""
    if issubclass(contract, (Payload, Incoming)):
        return contract.TYPE
    if issubclass(contract, Command):
        return contract.SUBJECT
    return OTHERS[contract]


def on_the_wire(contract: type[BaseModel]) -> type[BaseModel]:
    """The model of the whole message: an event in its envelope, anything else as it is."""
    if issubclass(contract, Payload):
        return Envelope[contract]  # type: ignore[valid-type]  # the class is only known at run time
    if issubclass(contract, Incoming):
        return IncomingEvent[contract]  # type: ignore[valid-type]  # likewise
    return contract


def schema_of(contract: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of one contract, envelope included."""
    made = on_the_wire(contract).model_json_schema(schema_generator=_Plain)
    made.pop("title", None)
    properties = made["properties"]
    if issubclass(contract, (Payload, Incoming)):
        properties["type"] = {"const": contract.TYPE, "type": "string"}
        properties["specversion"].pop("default", None)
    if issubclass(contract, Payload):
        made["required"] = [name for name, value in properties.items() if "default" not in value]
    made["description"] = contract.__doc__
    return {
        "$schema": DIALECT,
        "$id": f"urn:perseverance:{name_of(contract)}",
        "title": contract.__name__,
    } | made


class _Plain(GenerateJsonSchema):
    """Without a title for each field: it would only repeat the name."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False
