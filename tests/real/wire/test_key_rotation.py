"""A key is replaced while its user works: known beside the former one first, and then alone."""

import threading
from collections.abc import Iterator
from pathlib import Path

import nats.errors
import pytest

from chassis.embedded import EmbeddedNats
from chassis.nats import Nats, connect_once
from cli.errors import CliError
from cli.keyring import AUTHORIZATION_FILE, Keyring
from contracts.authorization import KEYS_FILE
from tests.real.eventually import eventually
from tests.real.wire.conftest import Fatal, Guarded

pytestmark = pytest.mark.long


@pytest.fixture
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Of this test alone: its keys change."""
    directory = tmp_path_factory.mktemp("rotating")
    keyring = Keyring(directory / "keys")
    keyring.make()
    server = EmbeddedNats(directory / "nats", more=keyring.directory / AUTHORIZATION_FILE)
    server.start()
    yield Guarded(server, keyring)
    server.stop()


async def until_connected(connection: Nats, times: int) -> None:
    async def again() -> bool:
        return connection.connected and connection.connections == times

    await eventually(again)


async def test_a_key_is_replaced_while_its_user_works(guarded: Guarded, fatal: Fatal) -> None:
    connection = await guarded.connect("alerts", fatal)
    former = guarded.keyring.seed_file("alerts").read_text()
    guarded.keyring.prepare("alerts")
    guarded.server.reload()
    guarded.keyring.switch("alerts")
    assert guarded.keyring.seed_file("alerts").read_text() != former
    await until_connected(connection, 2)
    guarded.server.reload()
    await eventually(lambda: _is_unknown(guarded, former))
    await connection.client.flush()
    assert (connection.connections, fatal.times) == (2, 0)
    await connection.close()


async def test_a_former_key_that_is_struck_off_too_soon_is_not_the_end(guarded: Guarded, fatal: Fatal) -> None:
    """The server cuts whoever still uses it: who has another one by then comes back with that."""
    connection = await guarded.connect("alerts", fatal)
    guarded.keyring.prepare("alerts")
    guarded.keyring.switch("alerts")
    guarded.server.reload()
    await until_connected(connection, 2)
    await connection.client.flush()
    assert fatal.times == 0
    await connection.close()


async def test_a_key_that_is_struck_off_without_another_is_the_end(guarded: Guarded, fatal: Fatal) -> None:
    connection = await guarded.connect("alerts", fatal)
    kept = guarded.keyring.seed_file("alerts").read_text()
    guarded.keyring.prepare("alerts")
    guarded.keyring.switch("alerts")
    guarded.keyring.seed_file("alerts").write_text(kept)
    guarded.server.reload()
    await eventually(fatal.happened)
    await connection.close()


def test_a_server_never_reads_half_of_who_is_known(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    keyring.make()
    files = [tmp_path / name for name in (AUTHORIZATION_FILE, KEYS_FILE)]
    whole = [len(file.read_text().splitlines()) for file in files]
    over, seen = threading.Event(), []

    def read_on() -> None:
        while not over.is_set():
            seen.append([len(file.read_text().splitlines()) for file in files])

    reading = threading.Thread(target=read_on)
    reading.start()
    for _ in range(30):
        keyring.prepare("alerts")
        keyring.switch("alerts")
    over.set()
    reading.join()
    assert seen == [whole] * len(seen)


async def test_one_key_to_come_at_a_time(guarded: Guarded) -> None:
    guarded.keyring.prepare("alerts")
    with pytest.raises(CliError, match="switch to it first"):
        guarded.keyring.prepare("alerts")
    guarded.keyring.switch("alerts")
    with pytest.raises(CliError, match="prepare one first"):
        guarded.keyring.switch("alerts")


async def _is_unknown(guarded: Guarded, seed: str) -> bool:
    file = guarded.keyring.directory / "former.nk"
    file.write_text(seed)
    credentials = guarded.credentials("former")
    try:
        await (await connect_once(guarded.url, "former", credentials=credentials)).close()
    except nats.errors.Error:
        return True
    return False
