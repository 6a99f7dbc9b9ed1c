"""One public door: `/events` goes to intake, captured mail to notifications, everything else to projections.

A small reverse proxy: it streams, so that live updates flow, and answers in plain words when a service is away.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

import anyio
import httpx

from chassis.logs import Log
from cli.supervisor.replicas import Replicas

log = Log("supervisor")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

RETRY_AFTER_S = 2
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection"
    b" te trailer trailers transfer-encoding upgrade".split()
)
_FORWARDED = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"))
# Services stop idle connections after 5 s: let go of them before, or a request may meet a closed one.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=2.0)
_TIMEOUT = httpx.Timeout(connect=2.0, read=90.0, write=30.0, pool=5.0)
_POUR_LIMIT, _POUR_LIMIT_S = 256_000_000, 10
_CODES = {413: "body_too_large", 503: "unavailable", 504: "too_slow"}
_AWAY = "the service is away or restarting: try again in a moment"
_SORRY = (
    '<!doctype html><html lang="fr"><meta charset="utf-8"><title>Service momentanément indisponible</title>'
    "<h1>Service momentanément indisponible</h1><p>Cette partie de l’application redémarre. "
    "Réessayez dans quelques secondes\u00a0; rien n’est perdu.</p></html>"
)


class _TooLarge(Exception):
    """The body is over the limit; `more` of it is still to come."""

    def __init__(self, more: bool) -> None:
        super().__init__()
        self.more = more


class Gateway:
    """The ASGI application of the public port.

    `routes` maps a path prefix to the replicas of a service, longest prefix first; `default` serves the rest.
    What a replica that nobody answers at never saw goes to the next one.
    `limits` maps a prefix to the largest body, in bytes, that is let through to it; such a body is read whole
    before the service is called, so that a slow sender holds no worker of the service.
    `ready` tells what keeps the suite from being ready (nothing: it is).
    """

    def __init__(
        self,
        default: Replicas,
        routes: Mapping[str, Replicas],
        limits: Mapping[str, int],
        ready: Callable[[], Awaitable[list[str]]],
    ) -> None:
        self._default = default
        self._routes = sorted(routes.items(), key=lambda route: -len(route[0]))
        self._limits = limits
        self._ready = ready
        self._watching: list[asyncio.Task[None]] = []
        self._client = httpx.AsyncClient(limits=_LIMITS, timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"] in ("/live", "/ready"):
            missing = await self._ready() if scope["path"] == "/ready" else []
            body = ("\n".join(missing) or scope["path"][1:]).encode() + b"\n"
            await _answer(send, 503 if missing else 200, body, b"text/plain; charset=utf-8")
        else:
            await self._proxy(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                services = {id(each): each for each in (self._default, *(each for _, each in self._routes))}
                self._watching = [asyncio.create_task(each.watch(self._client)) for each in services.values()]
            if message["type"] == "lifespan.shutdown":
                for task in self._watching:
                    task.cancel()
                await self._client.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _proxy(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix, replicas = self._route(scope["path"])
        limit = self._limits.get(prefix)
        try:
            content = await _read(scope, receive, limit) if limit is not None else _flow(receive)
        except _TooLarge as error:
            if error.more:
                await _pour_away(receive)
            await _problem(scope, send, 413, f"a request may hold {limit} bytes at most: send less at once")
            return
        if content is None:
            return  # the sender hung up
        await self._relay(scope, receive, send, content, replicas)

    async def _send(self, scope: Scope, content: bytes | AsyncIterator[bytes], replicas: Replicas) -> httpx.Response:
        """The answer of the first replica that is reached. Raises an httpx error."""
        *others, last = replicas.in_turn()
        for address in others:
            try:
                return await self._client.send(_request(address, scope, content), stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                replicas.failed(address)  # it saw nothing of the request: another may have it
        return await self._client.send(_request(last, scope, content), stream=True)

    async def _relay(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        content: bytes | AsyncIterator[bytes],
        replicas: Replicas,
    ) -> None:
        whole = isinstance(content, bytes)
        try:
            response = await self._send(scope, content, replicas)
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            await _problem(scope, send, 504, "the service did not answer in time")
            return
        except httpx.TransportError:
            await _problem(scope, send, 503, _AWAY)
            return
        except Exception as error:  # noqa: BLE001  (a transport closed at the wrong moment raises what it likes)
            log.error("gateway.failed", exc=error)
            await _problem(scope, send, 503, _AWAY)
            return
        try:
            async with anyio.create_task_group() as group:
                if whole or not _has_body(scope):  # until then, `receive` belongs to the flow of the body
                    group.start_soon(_until_gone, receive, group.cancel_scope)
                await _stream(response, send)
                group.cancel_scope.cancel()
        except* httpx.TransportError:
            pass  # cut in the middle: the server closes the connection, which says so to the reader
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    def _route(self, path: str) -> tuple[str, Replicas]:
        for prefix, replicas in self._routes:
            if path == prefix or path.startswith(f"{prefix}/"):
                return prefix, replicas
        return "/", self._default


async def _stream(response: httpx.Response, send: Send) -> None:
    headers = _end_to_end(response.headers.raw)
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    async for chunk in response.aiter_raw():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _request(upstream: str, scope: Scope, content: bytes | AsyncIterator[bytes]) -> httpx.Request:
    # Not the client's own build_request: that would add headers the sender did not write.
    return httpx.Request(
        scope["method"],
        _address(upstream, scope),
        headers=_forward(scope, isinstance(content, bytes)),
        content=content if _has_body(scope) else None,
    )


def _address(upstream: str, scope: Scope) -> httpx.URL:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return httpx.URL(upstream).copy_with(raw_path=raw + b"?" + query if query else raw)


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _end_to_end(headers: Headers) -> Headers:
    """The headers that concern both ends, not one connection (RFC 9110, 7.6.1)."""
    named = {
        token.strip().lower() for name, value in headers if name.lower() == b"connection" for token in value.split(b",")
    }
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP and name.lower() not in named]


def _forward(scope: Scope, whole: bool) -> Headers:
    headers = [
        (name, value)
        for name, value in _end_to_end(scope["headers"])
        if name not in _FORWARDED and not (whole and name == b"content-length")
    ]
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    client = (scope.get("client") or ("",))[0]
    chain = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [
        *headers,
        (b"x-forwarded-for", b", ".join([*chain, str(client).encode()])),
        (b"x-forwarded-proto", scope.get("scheme", "http").encode()),
        (b"x-forwarded-host", host),
    ]


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The whole body; None when the sender hung up. Raises _TooLarge, with some of it still to come."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise _TooLarge(True)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise _TooLarge(more)
        if not more:
            return b"".join(parts)


async def _pour_away(receive: Receive) -> None:
    """Read on for a while: a sender that is still writing when we hang up never sees our answer."""
    poured = 0
    with anyio.move_on_after(_POUR_LIMIT_S):
        while poured < _POUR_LIMIT:
            message = await receive()
            poured += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return


async def _flow(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.WriteError("the sender hung up")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    """Stop the service's answer when nobody listens any more (a closed page ends its live updates)."""
    while True:
        if (await receive())["type"] == "http.disconnect":
            scope.cancel()
            return


async def _problem(scope: Scope, send: Send, status: int, detail: str) -> None:
    """Say no: a page for people, a problem document (RFC 9457) for programs."""
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    retry: Headers = [(b"retry-after", str(RETRY_AFTER_S).encode())] if status == 503 else []
    if status != 413 and b"text/html" in accept:
        await _answer(send, status, _SORRY.encode(), b"text/html; charset=utf-8", retry)
        return
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "code": _CODES[status], "detail": detail}
    await _answer(send, status, json.dumps(document).encode(), b"application/problem+json", retry)


async def _answer(send: Send, status: int, body: bytes, kind: bytes, extra: Headers | None = None) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *(extra or []),
    ]
    if status == 413:
        headers.append((b"connection", b"close"))  # what remains of the body is not worth reading
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
