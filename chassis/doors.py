"""What a service answers over HTTP: probes and numbers to those beside it, its own pages or doors to everybody."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from faststream.asgi import AsgiFastStream, AsgiResponse

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
_PASSED_ON = frozenset((b"x-forwarded-for", b"forwarded"))
_NOT_YET = AsgiResponse(
    b'{"type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "unavailable",'
    b' "detail": "the service is starting: try again in a moment"}',
    503,
    headers={"content-type": "application/problem+json", "retry-after": "2"},
)


class Doors(AsgiFastStream):
    """A FastStream application that hands every path it does not know to another one, once the service works.

    Who comes through a proxy, which says for whom, finds that other one alone: probes and Prometheus come straight to
    a pod, and a proxy in front of the pages passes every path on.
    """

    fallback: AsgiApp | None = None
    started: asyncio.Event

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as ASGI asks."""
        if scope["type"] == "http" and any(name in _PASSED_ON for name, _ in scope["headers"]):
            await self.not_found(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _start_broker(self) -> None:
        await self.started.wait()  # a command must not be answered by a service that is not provisioned
        await super()._start_broker()

    async def not_found(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer what is neither a probe nor the numbers."""
        if self.fallback is not None and scope["type"] == "http":
            door: AsgiApp = self.fallback if self.started.is_set() else _NOT_YET
            await door(scope, receive, send)
        else:
            await super().not_found(scope, receive, send)
