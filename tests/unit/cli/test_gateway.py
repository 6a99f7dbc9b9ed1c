"""The gateway between a client and services that answer, stream, hang up or are away."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from cli.supervisor.gateway import Gateway
from cli.supervisor.replicas import Replicas


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  (uvicorn offers a flag only)
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


class Upstream:
    """A service that tells what it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hung_up = asyncio.Event()
        self.first_read = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/live-updates":
            await self._updates(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        seen = b"\n".join(name + b": " + value for name, value in scope["headers"])
        target = scope["raw_path"] + b"?" + scope["query_string"]
        headers = [
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"connection", b"x-own"),
            (b"x-own", b"1"),
        ]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        lines = [self.name.encode(), scope["method"].encode(), target, str(len(body)).encode(), seen]
        await send({"type": "http.response.body", "body": b"\n".join(lines)})

    async def _updates(self, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: one\n\n", "more_body": True})
        await self.first_read.wait()
        await send({"type": "http.response.body", "body": b"data: two\n\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        self.hung_up.set()


@contextlib.asynccontextmanager
async def a_suite(limit: int = 1000) -> AsyncIterator[tuple[httpx.AsyncClient, Upstream]]:
    intake, pages = Upstream("intake"), Upstream("projections")

    async def ready() -> list[str]:
        return ["alerts: away"]

    async with served(intake) as intake_url, served(pages) as pages_url:
        gateway = Gateway(Replicas([pages_url]), {"/events": Replicas([intake_url])}, {"/events": limit}, ready)
        async with served(gateway) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield client, pages


async def test_events_go_to_intake_and_everything_else_to_projections() -> None:
    async with a_suite() as (client, _):
        assert (await client.post("/events", content=b"x")).text.startswith("intake\nPOST\n/events?\n1")
        assert (await client.get("/eventsource")).text.startswith("projections\nGET")
        assert (await client.get("/")).text.startswith("projections")


async def test_path_and_query_pass_as_they_were_written() -> None:
    async with a_suite() as (client, _):
        answer = await client.get("/a%2Fb/%C3%A9?q=%20x&q=2")
        assert answer.text.split("\n")[2] == "/a%2Fb/%C3%A9?q=%20x&q=2"


async def test_headers_of_the_connection_stay_and_repeated_ones_pass() -> None:
    async with a_suite() as (client, _):
        headers = {"connection": "x-secret-hop", "x-secret-hop": "1", "x-kept": "2", "te": "trailers"}
        answer = await client.get("/", headers=headers)
        assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert "x-own" not in answer.headers
        assert "x-kept: 2" in answer.text
        assert "x-secret-hop" not in answer.text
        assert "\nte:" not in answer.text


async def test_services_learn_who_asked_and_a_sender_cannot_pretend_another_host() -> None:
    async with a_suite() as (client, _):
        answer = await client.get("/", headers={"x-forwarded-host": "evil.example.org"})
        assert "x-forwarded-for: 127.0.0.1" in answer.text
        assert "x-forwarded-proto: http" in answer.text
        assert "evil" not in answer.text


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_the_limit_is_refused_with_a_problem_document(announced: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    async with a_suite(limit=1000) as (client, _):
        answer = await client.post("/events", content=b"x" * 20_000_000 if announced else parts())
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 413


async def test_a_chunked_body_within_the_limit_arrives_whole() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 100

    async with a_suite(limit=1000) as (client, _):
        assert (await client.post("/events", content=parts())).text.split("\n")[3] == "1000"
        assert (await client.post("/form", content=parts())).text.split("\n")[3] == "1000"


async def test_live_updates_flow_as_they_happen_and_a_closed_page_ends_them() -> None:
    async with a_suite() as (client, pages):
        async with client.stream("GET", "/live-updates") as answer:
            chunks = answer.aiter_raw()
            assert await anext(chunks) == b"data: one\n\n"
            pages.first_read.set()
            assert await anext(chunks) == b"data: two\n\n"
        await asyncio.wait_for(pages.hung_up.wait(), 10)


async def test_a_service_that_is_away_gives_503_with_retry_after() -> None:
    async def ready() -> list[str]:
        return []

    gateway = Gateway(Replicas(["http://127.0.0.1:9"]), {}, {}, ready)
    async with served(gateway) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        for_programs = await client.get("/api/v1/alerts")
        assert for_programs.status_code == 503
        assert int(for_programs.headers["retry-after"]) > 0
        assert for_programs.json()["title"] == "Service Unavailable"
        for_people = await client.get("/", headers={"accept": "text/html"})
        assert for_people.status_code == 503
        assert 'lang="fr"' in for_people.text


async def test_a_service_that_hangs_up_in_the_middle_does_not_look_complete() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise ConnectionResetError

    async def ready() -> list[str]:
        return []

    async with (
        served(broken) as upstream,
        served(Gateway(Replicas([upstream]), {}, {}, ready)) as url,
        httpx.AsyncClient() as client,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(url)


async def test_ready_says_what_is_missing() -> None:
    async with a_suite() as (client, _):
        assert (await client.get("/live")).status_code == 200
        answer = await client.get("/ready")
        assert (answer.status_code, answer.text) == (503, "alerts: away\n")


class Replica:
    """A replica that says its name, and whether it is ready."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready = True
        self.looked_at = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        status = 200
        if scope["path"] == "/ready":
            status = 200 if self.ready else 503
            self.looked_at.set()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": self.name.encode()})


async def test_a_replica_that_is_gone_is_passed_over_and_one_that_leaves_is_asked_no_more() -> None:
    staying, leaving = Replica("staying"), Replica("leaving")

    async def ready() -> list[str]:
        return []

    async with served(staying) as staying_url, served(leaving) as leaving_url:
        replicas = Replicas(["http://127.0.0.1:9", leaving_url, staying_url])
        async with (
            served(Gateway(replicas, {}, {}, ready)) as url,
            httpx.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            first = [(await client.post("/", content=b"x")).text for _ in range(6)]
            assert set(first) == {"staying", "leaving"}
            leaving.ready = False
            for _ in range(2):  # the second look begins when what the first one saw is noted
                leaving.looked_at.clear()
                await asyncio.wait_for(leaving.looked_at.wait(), 10)
            assert {(await client.get("/")).text for _ in range(6)} == {"staying"}
            staying.ready = False
            for _ in range(2):
                staying.looked_at.clear()
                await asyncio.wait_for(staying.looked_at.wait(), 10)
            assert (await client.get("/")).text in ("staying", "leaving"), "not ready is better than nobody"
