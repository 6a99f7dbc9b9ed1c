"""People's commands, by request and reply: the answer is the new state, or one clear reason."""

import asyncio
import time
from collections.abc import Callable

from faststream.nats import NatsBroker, NatsMessage
from pydantic import ValidationError

from chassis import tracing
from chassis.database import TRANSIENT
from chassis.logs import Log
from chassis.recorder import VersionConflict
from contracts.catalogue import COMMANDS
from contracts.commands import Command, CommandReply
from services.parcours.application import ParcoursService
from services.parcours.refusals import Refused

log = Log("parcours.commands")

_UNAVAILABLE: tuple[type[Exception], ...] = (*TRANSIENT, VersionConflict)


def listen(broker: NatsBroker, application: ParcoursService, on_commit: Callable[[], None] = lambda: None) -> None:
    """Answer every command addressed to this service; replicas share the work.

    `on_commit` is called once something was decided: someone looks at a page and waits to see it change.
    """
    for contract, service in COMMANDS.items():
        if service == "parcours":
            _answer(broker, application, contract, on_commit)


def _answer(
    broker: NatsBroker, application: ParcoursService, contract: type[Command], on_commit: Callable[[], None]
) -> None:
    @broker.subscriber(contract.SUBJECT, queue="parcours", title=contract.__name__)
    async def handle(message: NatsMessage) -> bytes:
        reply = await asyncio.to_thread(obey, application, contract, message.body)
        on_commit()
        return reply.model_dump_json(exclude_none=True).encode()


def obey(application: ParcoursService, contract: type[Command], body: bytes) -> CommandReply:
    """Do what the command says and answer. Never raises: a person waits for the answer."""
    started = time.time_ns()
    try:
        command = contract.model_validate_json(body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        return CommandReply(
            outcome="refused",
            code="invalid_command",
            reason="Cette demande est mal formée.",
            remedy=f"Vérifiez le champ « {where} »." if where else None,
        )
    reply, about = _obey(application, command), {"command": contract.__name__}
    if reply.outcome == "refused":
        log.info("command.refused", **about, code=reply.code, correlation=command.command_id)
    tracing.did(
        "parcours.obey", command.command_id, str(command.command_id), started, about | {"outcome": reply.outcome}
    )
    return reply


def _obey(application: ParcoursService, command: Command) -> CommandReply:
    try:
        state = application.obey(command)
    except Refused as refusal:
        return _refused(refusal)
    except _UNAVAILABLE as error:
        log.error("command.unavailable", exc=error, command=type(command).__name__, correlation=command.command_id)
        return CommandReply(
            outcome="unavailable",
            code="try_again",
            reason="Le service est momentanément indisponible. Réessayez dans un instant.",
        )
    return CommandReply(outcome="done", state=state)


def _refused(refusal: Refused) -> CommandReply:
    basis = refusal.basis
    return CommandReply(
        outcome="refused",
        code=refusal.code,
        reason=refusal.reason,
        remedy=refusal.remedy or None,
        rule=basis.rule if basis else None,
        source=basis.shown if basis else None,
    )
