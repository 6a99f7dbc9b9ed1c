"""The HTTP door: `POST /events`. Answers 202 only once what it accepted is kept."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from chassis.database import TRANSIENT, Database
from chassis.logs import Log
from chassis.tracing import Elsewhere, elsewhere
from services.intake import metrics, openapi, problems, senders
from services.intake.admission import Admission, Held, too_large
from services.intake.application import Intake
from services.intake.directory import DirectoryAwayError, DirectoryEmptyError
from services.intake.problems import Problem, busy
from services.intake.requests import Reading, reading_for
from services.intake.senders import Sender
from services.intake.verdicts import Verdict

log = Log("intake.http")

_AWAY: tuple[type[Exception], ...] = (*TRANSIENT, DirectoryAwayError)
_AT_WORK = 2  # threads: batches are written one at a time, while one is written another is read
_BODY_LIMIT_S = 30
_LONGEST_LENGTH = 15  # digits
_POURED_AWAY = 256_000_000  # bytes
_POUR_LIMIT_S = 10
_RETRY_S = 2
_RETRY_LOADED_S = 60


class Door:
    """What `POST /events` does, step by step."""

    def __init__(
        self, intake: Intake, database: Database, admission: Admission, max_body_bytes: int, max_events: int
    ) -> None:
        self._intake = intake
        self._database = database
        self._admission = admission
        self._max_body_bytes = max_body_bytes
        self._max_events = max_events
        self._threads = anyio.CapacityLimiter(_AT_WORK)

    async def answer(self, request: Request) -> Response:
        """The answer to a request. Raises Problem."""
        with self._admission.request() as held:
            try:
                sender = await anyio.to_thread.run_sync(self._sender, _key_of(request), limiter=self._threads)
                read = reading_for(request.headers)
                body = await self._body(request, held)
                after = elsewhere(",".join(request.headers.getlist("traceparent")))
                return await anyio.to_thread.run_sync(self._take, sender, read, body, after, limiter=self._threads)
            except DirectoryEmptyError:
                raise busy(
                    503,
                    "directory_empty",
                    "no school is known here yet, which the operator mends: nothing was taken, send it again",
                    _RETRY_LOADED_S,
                ) from None
            except _AWAY as error:
                log.warning("door.unavailable", cause=type(error).__name__)
                raise busy(
                    503, "unavailable", "the store is away: nothing was taken, send it again", _RETRY_S
                ) from None

    def _sender(self, key: str) -> Sender:
        with self._database.transaction() as tx:
            sender = senders.by_key(tx, key) if key else None
        if sender is None:
            detail = "give the API key of a sender: Authorization: Bearer <key>"
            raise Problem(401, "unknown_key", detail, {"WWW-Authenticate": "Bearer"})
        if sender.revoked_at is not None:
            raise Problem(403, "revoked_key", "this API key was revoked")
        return sender

    async def _body(self, request: Request, held: Held) -> bytes:
        limit = self._max_body_bytes
        length = request.headers.get("content-length", "")
        chunks = request.stream()
        try:
            async with asyncio.timeout(_BODY_LIMIT_S):
                if length.isdecimal() and (len(length) > _LONGEST_LENGTH or int(length) > limit):
                    raise too_large(limit)
                return await held.read(chunks, limit)
        except TimeoutError:
            raise Problem(408, "body_too_slow", "the body did not arrive in time") from None
        except Problem:
            await _pour_away(chunks)
            raise

    def _take(self, sender: Sender, read: Reading, body: bytes, after: Elsewhere | None) -> Response:
        posted = read(body)
        if len(posted.events) > self._max_events:
            raise Problem(413, "too_many_events", f"a batch holds {self._max_events} events at most")
        verdicts = self._intake.receive(sender, posted.events, "http", after)
        metrics.count("http", verdicts)
        return _answered(verdicts, single=posted.single)


def build(door: Door) -> FastAPI:
    """The HTTP application."""
    app = FastAPI(title="perseverance intake", version="1", docs_url=None, redoc_url=None)
    problems.install(app)

    @app.post("/events", **openapi.EVENTS)
    async def receive_events(request: Request) -> Response:
        try:
            return await door.answer(request)
        except Problem as problem:
            if problem.status in (429, 503):
                metrics.TURNED_AWAY.labels(str(problem.status)).inc()
            raise
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it

    openapi.complete(app)
    return app


def _key_of(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")


def _answered(verdicts: Sequence[Verdict], *, single: bool) -> JSONResponse:
    answers = [verdict.as_json() for verdict in verdicts]
    refusal = verdicts[0].refusal if single else None
    if refusal is None:
        return JSONResponse({"verdicts": answers}, 202)
    detail = f"{refusal.field}: {refusal.reason}" if refusal.field else refusal.reason
    return Problem(422, refusal.code, detail).response(verdicts=answers)


async def _pour_away(chunks: AsyncIterator[bytes]) -> None:
    """Let a sender finish, within reason: one that is cut while sending does not read the answer."""
    poured = 0
    try:
        async with asyncio.timeout(_POUR_LIMIT_S):
            async for chunk in chunks:
                poured += len(chunk)
                if poured > _POURED_AWAY:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):
        return
