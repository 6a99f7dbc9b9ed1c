"""PostgreSQL must be vouched for by the authority that DATABASE_URL names, under the name it has there."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chassis.database import TRANSIENT, Database
from chassis.login import Login
from chassis.recorder import Datastore
from tests.real.wire.conftest import SignIn, said
from tests.real.wire.tls_front import tls_front

AUTHORITY = trustme.CA()


@pytest.fixture
def port(owner: str) -> Iterator[int]:
    place = conninfo_to_dict(owner)
    socket = Path(str(place["host"])) / f".s.PGSQL.{place.get('port', '5432')}"
    with tls_front(socket, AUTHORITY.issue_cert("127.0.0.1")) as port:
        yield port


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    return file


def over_tls(login: Login, port: int, authority: Path, host: str = "127.0.0.1") -> Login:
    url = make_conninfo(
        login.url, host=host, hostaddr="127.0.0.1", port=port, sslmode="verify-full", sslrootcert=str(authority)
    )
    return Login(url, login.password_file)


async def test_a_server_that_our_authority_vouches_for(
    sign_in: SignIn,
    port: int,
    authority: Path,
) -> None:
    database = Database(over_tls(sign_in("alerts"), port, authority), "alerts", pool_size=1)
    library = Datastore(database)
    assert await asyncio.to_thread(database.rows, "SELECT count(*) FROM positions") == [(0,)]
    assert await asyncio.to_thread(_tls_of, library)
    await asyncio.to_thread(database.close)
    library.close()


def _tls_of(library: Datastore) -> bool:
    """The library has a pool of its own: it must not sign in another way."""
    with library.get_connection() as connection:
        return bool(connection.pgconn.ssl_in_use)


@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_a_server_that_is_not_the_one(
    sign_in: SignIn,
    port: int,
    authority: Path,
    caplog: pytest.LogCaptureFixture,
    wrong: str,
) -> None:
    if wrong == "authority":
        trustme.CA().cert_pem.write_to_path(authority)
    login = over_tls(sign_in("alerts"), port, authority, "127.0.0.1" if wrong == "authority" else "elsewhere")
    database = Database(login, "alerts", pool_size=1)
    with pytest.raises(TRANSIENT):
        await asyncio.to_thread(database.probe, lambda connection: connection.execute("SELECT 1"))
    await asyncio.to_thread(database.close)
    assert "see sslrootcert and the host in DATABASE_URL" in said(caplog, "database.refused")
