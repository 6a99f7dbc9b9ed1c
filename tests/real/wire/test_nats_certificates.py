"""A service says when the first of the certificates ends that the servers of NATS show."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest
import uvloop
from prometheus_client import REGISTRY

from chassis.certificates import ENDS, soonest_end
from chassis.credentials import Credentials
from chassis.embedded import EmbeddedNats, free_port
from chassis.gauges import Found, Look, Partly
from chassis.nats import Nats
from chassis.service import Service
from chassis.settings import Settings
from cli.provision import schemas
from tests.real.eventually import eventually
from tests.real.wire.conftest import Fatal
from tests.real.wire.served import NOW, Served, Several, several

NEAR, FAR = NOW + timedelta(days=2), NOW + timedelta(days=60)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Several]:
    with several(tmp_path) as servers:
        yield servers


def looking(servers: Several, *at: Served) -> Look:
    return soonest_end(",".join(served.server.url for served in at), servers.trusting)


def said(ends: datetime) -> Found:
    return {ENDS: {(): ends.timestamp()}}


async def test_the_first_end_of_several_servers_is_told(servers: Several) -> None:
    assert await looking(servers, servers.start(FAR), servers.start(NEAR))() == said(NEAR)


def test_under_the_loop_of_the_services_as_well(servers: Several) -> None:
    look = looking(servers, servers.start(NEAR))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_found(look)) == said(NEAR)


async def _found(look: Look) -> Found:
    return await look()


async def test_a_renewed_certificate_counts_once_the_server_serves_it(servers: Several, fatal: Fatal) -> None:
    """Whatever a connection that stayed open was shown."""
    served = servers.start(NEAR)
    look = looking(servers, served)
    nats = Nats(served.server.url, "test", credentials=servers.trusting, fatal=fatal)
    await nats.connect()
    servers.renew(served, FAR)
    assert await look() == said(NEAR)
    served.server.reload()

    async def renewed() -> bool:
        return await look() == said(FAR)

    await eventually(renewed)
    assert (nats.connected, nats.connections) == (True, 1)
    await nats.close()


async def test_behind_one_address_each_server_is_seen(servers: Several) -> None:
    both = servers.start(FAR), servers.start(NEAR)
    async with taking_turns([served.server.port for served in both]) as port:
        assert await soonest_end(f"tls://127.0.0.1:{port}", servers.trusting)() == said(NEAR)


async def test_a_server_that_is_away_keeps_the_end_it_had(servers: Several, caplog: pytest.LogCaptureFixture) -> None:
    near, far = servers.start(NEAR), servers.start(FAR)
    look = looking(servers, near, far)
    await look()
    assert not_seen(caplog) == []
    near.server.stop()
    assert await look() == said(NEAR)
    assert not_seen(caplog) == [f"127.0.0.1:{near.server.port}"]


async def test_one_that_has_ended_does_not_look_well_to_who_comes_later(servers: Several) -> None:
    before = time.time()
    look = looking(servers, servers.start(NOW - timedelta(days=1)), servers.start(FAR))
    (ended,) = (await look())[ENDS].values()
    assert before <= ended <= time.time()
    assert await look() == {ENDS: {(): ended}}


async def test_nothing_is_told_of_what_was_never_seen(servers: Several, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    assert await soonest_end(f"tls://127.0.0.1:{port}", servers.trusting)() == {}
    assert not_seen(caplog) == [f"127.0.0.1:{port}"]


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("says", [b"", b"[]", b"INFO []", b"INFO {", b"\xff", b'INFO {"tls_required": true}'])
def test_whoever_else_answers_hides_nothing_of_the_others(
    servers: Several, caplog: pytest.LogCaptureFixture, loop: Callable[[], asyncio.AbstractEventLoop], says: bytes
) -> None:
    near = servers.start(NEAR)

    async def look() -> tuple[Found, int]:
        async with saying(says) as port:
            url = f"tls://127.0.0.1:{port},{near.server.url}"
            return await soonest_end(url, servers.trusting)(), port

    with asyncio.Runner(loop_factory=loop) as runner:
        found, port = runner.run(look())
    assert found == said(NEAR)
    assert isinstance(found, Partly), "it is looked again soon"
    assert not_seen(caplog) == [f"127.0.0.1:{port}"]


async def test_a_server_that_only_offers_tls_is_spoken_to_in_clear(caplog: pytest.LogCaptureFixture) -> None:
    async with saying(b'INFO {"tls_available": true}') as port:
        found = await soonest_end(f"nats://127.0.0.1:{port}", Credentials())()
    assert (found, isinstance(found, Partly)) == ({}, False)
    assert not_seen(caplog) == []


async def test_nothing_is_told_where_nats_speaks_in_clear(
    bare_nats_server: EmbeddedNats, caplog: pytest.LogCaptureFixture
) -> None:
    assert await soonest_end(bare_nats_server.url, Credentials())() == {}
    assert not_seen(caplog) == []


async def test_a_service_shows_it_while_it_works(servers: Several, postgres_url: str) -> None:
    url = servers.start(NEAR).server.url
    settings = Settings(nats_url=url, database_url=postgres_url, nats_ca_file=servers.trusting.ca_file)
    service = Service(schemas()[0], settings)

    async def shown() -> float | None:
        return REGISTRY.get_sample_value(ENDS.name)

    assert await shown() is None
    async with service.app().start_lifespan_context():
        assert await eventually(shown) == NEAR.timestamp()
    assert await shown() is None


def not_seen(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.__dict__["fields"]["server"]
        for record in caplog.records
        if record.getMessage() == "certificates.not_seen"
    ]


@asynccontextmanager
async def saying(what: bytes) -> AsyncIterator[int]:
    """The port of somebody who says this, and hangs up."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(what + b"\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def taking_turns(ports: Sequence[int]) -> AsyncIterator[int]:
    """An address behind which each connection goes to the next of these."""
    turns = cycle(ports)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", next(turns))
        await asyncio.gather(_pour(reader, back), _pour(there, writer))

    front = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    async with front:
        yield front.sockets[0].getsockname()[1]


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while some := await source.read(65536):
        target.write(some)
    target.close()
