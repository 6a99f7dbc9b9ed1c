"""People's acts, sent to the service that decides by request and reply."""

import asyncio
import time

import nats.errors
from faststream.exceptions import FastStreamException
from faststream.nats import NatsBroker
from pydantic import ValidationError

from chassis import tracing
from contracts.catalogue import COMMANDS
from contracts.commands import Command, CommandReply

ANSWER_WITHIN_S = 5.0
_LOST_AFTER_S = 2.0
_NOBODY_FOR_S = 2.0
_PAUSE_S = 0.05
RETRY_AFTER_S = 3


class ServiceAway(Exception):
    """No answer: it is not known whether the act was done. The same command again is harmless."""


class Refused(Exception):
    """The act makes no sense now: `code` for machines, `reason` in French for people.

    Where the regulation says so: the `rule`, its `source`, and the `remedy`, what would be acceptable.
    """

    def __init__(
        self,
        code: str,
        reason: str,
        rule: str | None = None,
        source: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.rule = rule
        self.source = source
        self.remedy = remedy


class Commands:
    """Sends commands and waits for their answer."""

    def __init__(self, broker: NatsBroker) -> None:
        self._publishers = {
            contract: broker.publisher(contract.SUBJECT, title=f"{contract.__name__}Request", schema=contract)
            for contract in COMMANDS
        }

    async def send(self, command: Command) -> CommandReply:
        """Have `command` done. Raises Refused with the reason, ServiceAway when no answer came."""
        reply = await self._answer(command)
        if reply.outcome == "refused":
            raise Refused(
                reply.code or "refused",
                reply.reason or "Cette demande ne peut pas être satisfaite.",
                reply.rule,
                reply.source,
                reply.remedy,
            )
        if reply.outcome == "unavailable":
            raise ServiceAway
        return reply

    async def _answer(self, command: Command) -> CommandReply:
        started = time.time_ns()
        reply = CommandReply(outcome="unavailable")
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S + 1):
                reply = await self._asked(command)
        except (nats.errors.Error, TimeoutError, FastStreamException, ValidationError):
            raise ServiceAway from None
        finally:
            about = {"command": type(command).__name__, "outcome": reply.outcome}
            tracing.began("projections.command", command.command_id, started, about)
        return reply

    async def _asked(self, command: Command) -> CommandReply:
        """The answer, asked for again while whoever decides, or we, may be changing connections."""
        publisher, body = self._publishers[type(command)], command.to_json()
        began = time.monotonic()
        while True:
            try:
                answer = await publisher.request(body, timeout=_LOST_AFTER_S)
                return CommandReply.model_validate_json(answer.body)
            except nats.errors.NoRespondersError:
                if time.monotonic() - began > _NOBODY_FOR_S:
                    raise
            except TimeoutError:
                if time.monotonic() - began > ANSWER_WITHIN_S:
                    raise
            await asyncio.sleep(_PAUSE_S)
