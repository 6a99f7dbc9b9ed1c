"""The AsyncAPI 3.0.0 document of the suite, derived from the catalogue alone."""

from typing import Any

from pydantic import BaseModel

from contracts.catalogue import BUCKETS, COMMANDS, FLOW, INCOMING, INTAKE, REFUSALS, Channel
from contracts.commands import CommandReply
from contracts.directory import Actor, School
from contracts.envelope import CONTENT_TYPE, Payload
from contracts.examples import EXAMPLES
from contracts.incoming import Incoming, Refusal
from contracts.schema import CONTRACTS, name_of, schema_of
from contracts.streams import EVERY_PLACE, PLACES, StreamSpec

VERSION = "1.0.0"
DESCRIPTION = """\
What the services of perseverance say to each other, and what school systems say to them, on NATS
JetStream.

Every event is a CloudEvent 1.0 in structured JSON. Everything about one pupil goes through one
partition, in order: a fact travels on `<stream>.<partition>.<fact>`, where the partition is the CRC-32 of
the student id, modulo 16, in binary, a token a digit: `alerts.0.1.0.1.alert_closed` is of partition 5, and
`alerts.*.*.*.*.alert_closed` takes in all of them. Only the register of identities, which keeps one message
a pupil, has the student id in its subjects. A command is asked on its subject, by request and reply, and answered by a
CommandReply."""

_EVENT: dict[str, Any] = {
    "contentType": CONTENT_TYPE,
    "headers": {
        "type": "object",
        "properties": {
            "Nats-Msg-Id": {
                "type": "string",
                "description": "Seen shortly before in the same stream: not stored again.",
            }
        },
    },
}
_PARAMETERS = {
    "partition": {
        "description": "CRC-32 of the student id, modulo 16, in binary: a token a digit.",
        "enum": list(PLACES),
    },
    "student_id": {"description": "The pupil's pseudonymous id, a UUID."},
    "sender": {"description": "The name the sending system was registered under."},
}


def document() -> dict[str, Any]:
    """The whole document, as JSON."""
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for contract in CONTRACTS:
        if contract in (School, Actor):
            schemas[contract.__name__] = _hoisted(schema_of(contract), schemas)
        else:
            messages[contract.__name__] = _message(contract, schemas)
    services = sorted({c.producer for c in FLOW} | {s for c in FLOW for s in c.consumers} | {*COMMANDS.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "perseverance",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
            "tags": [{"name": service} for service in services],
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "nats": {
                "host": "{host}",
                "protocol": "nats",
                "description": "NATS with JetStream, 2.12 or later.",
                "variables": {"host": {"default": "localhost:4222"}},
            }
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": messages,
            "messageTraits": {"event": _EVENT},
            "schemas": dict(sorted(schemas.items())),
        },
        "x-key-value-buckets": {bucket.name: bucket.purpose for bucket in BUCKETS},
    }


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {
        "intake.raw": _streamed(INTAKE, "intake.raw.{sender}", INCOMING),
        "intake.refused": _streamed(REFUSALS, "intake.refused.{sender}", (Refusal,)),
    }
    for channel in FLOW:
        together = tuple(other.contract for other in FLOW if other.subject == channel.subject)
        address = channel.subject.replace(EVERY_PLACE, "{partition}", 1).replace("*", "{student_id}", 1)
        channels[_id(channel)] = _streamed(channel.stream, address, together)
    for command in COMMANDS:
        channels[command.SUBJECT] = {
            "address": command.SUBJECT,
            "summary": command.__doc__,
            "messages": _listed((command,)),
        }
    channels["commands.replies"] = {
        "address": None,
        "summary": "The inbox that the asker names in its request.",
        "messages": _listed((CommandReply,)),
    }
    return channels


def _id(channel: Channel) -> str:
    return channel.subject.replace(".*", "")


def _streamed(stream: StreamSpec, address: str, contracts: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    return {
        "address": address,
        "summary": stream.purpose,
        "messages": _listed(contracts),
        "parameters": {name: said for name, said in _PARAMETERS.items() if f"{{{name}}}" in address},
        "x-jetstream": {
            "stream": stream.name,
            "max_age_days": stream.max_age_days or None,
            "messages_per_subject": stream.per_subject if stream.per_subject > 0 else None,
        },
    }


def _listed(contracts: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    return {c.__name__: {"$ref": f"#/components/messages/{c.__name__}"} for c in contracts}


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {
        "intake.receive.raw": _operation("intake", "receive", "intake.raw", INCOMING),
        "intake.send.refused": _operation("intake", "send", "intake.refused", (Refusal,)),
    }
    for channel in FLOW:
        said = (_id(channel), (channel.contract,))
        name = f"{channel.stream.name.lower()}.{channel.contract.FACT}"
        operations[f"{channel.producer}.send.{name}"] = _operation(channel.producer, "send", *said)
        for service in channel.consumers:
            operations[f"{service}.receive.{name}"] = _operation(service, "receive", *said)
    for command, service in COMMANDS.items():
        operation = _operation(service, "receive", command.SUBJECT, (command,))
        operation["reply"] = {
            "address": {"location": "$message.header#/reply", "description": "The NATS reply subject."},
            "channel": {"$ref": "#/channels/commands.replies"},
            "messages": [{"$ref": f"#/channels/commands.replies/messages/{CommandReply.__name__}"}],
        }
        operations[f"{service}.answer.{command.SUBJECT.rpartition('.')[2]}"] = operation
    return dict(sorted(operations.items()))


def _operation(service: str, action: str, channel: str, contracts: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{c.__name__}"} for c in contracts],
        "tags": [{"name": service}],
    }


def _message(contract: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = _hoisted(schema_of(contract), schemas)
    message: dict[str, Any] = {
        "name": name_of(contract),
        "title": contract.__name__,
        "summary": schema.pop("description"),
        "payload": schema,
        "examples": [{"name": contract.__name__, "payload": EXAMPLES[contract]}],
    }
    if not issubclass(contract, (Payload, Incoming)):
        return message | {"contentType": "application/json"}
    if issubclass(contract, Payload):
        message["correlationId"] = {"location": "$message.payload#/correlationid"}
    return message | {"traits": [{"$ref": "#/components/messageTraits/event"}]}


def _hoisted(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions moved to the components: here `#` is the whole document."""
    for identifier in ("$schema", "$id", "title"):
        del schema[identifier]
    for name, definition in schema.pop("$defs", {}).items():
        moved = _relocated(definition)
        if schemas.setdefault(name, moved) != moved:
            raise ValueError(f"two schemas named {name}")
    moved_schema: dict[str, Any] = _relocated(schema)
    return moved_schema


def _relocated(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _relocated(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_relocated(value) for value in node]
    if isinstance(node, str) and node.startswith("#/$defs/"):
        return node.replace("#/$defs/", "#/components/schemas/", 1)
    return node
