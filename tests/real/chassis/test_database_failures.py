"""The database goes away, comes back, or answers into the void: effects are there once, and work goes on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg_pool import PoolTimeout

from chassis.database import TRANSIENT
from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from chassis.provision import provision_database
from tests.real.chassis.postgres_wire import Break, postgres_wire
from tests.real.chassis.trial import TABLES, Trial, assert_once_in_order
from tests.real.eventually import eventually

_COUNT = 3_000


@pytest.mark.parametrize("batch", [500, 100])  # the smaller one goes in a pipelined transaction
@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_connection_broken_around_a_commit_leads_to_one_effect_each(
    trial: Trial, place: Break, batch: int
) -> None:
    """Trap: applied but unanswered looks like failed. The position, in the same transaction, knows which it was."""
    await trial.fill(_COUNT)
    async with postgres_wire(trial.database_url) as wire, trial.reading(database_url=wire.url, batch=batch):
        await trial.until_effects(1)
        wire.breaks = [place] * 3
        await trial.fill(2 * _COUNT, first=_COUNT + 1)
        assert_once_in_order(await trial.until_effects(2 * _COUNT), 2 * _COUNT)
        assert wire.broken == 3


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "own")
    provision_database(server.start(), [TABLES])
    yield server
    server.stop()


async def test_a_database_that_crashes_and_restarts_under_load_costs_no_effect(
    own_server: EmbeddedPostgres, trial_nats: EmbeddedNats
) -> None:
    trial = Trial(trial_nats.url, own_server.url)
    await trial.fill(2 * _COUNT)
    async with trial.reading(batch=50):
        await trial.until_effects(1)
        own_server.kill()
        await eventually(lambda: _noticed(trial))
        await asyncio.to_thread(own_server.start)
        assert_once_in_order(await trial.until_effects(2 * _COUNT), 2 * _COUNT)
        await asyncio.to_thread(_survives_a_long_absence, trial, own_server)


async def _noticed(trial: Trial) -> bool:
    return any(trial.restarts(cause) for cause in ("AdminShutdown", "OperationalError", "PoolTimeout"))


def _survives_a_long_absence(trial: Trial, server: EmbeddedPostgres) -> None:
    """Trap: a pool tries to reconnect for five minutes only; it must begin again when asked for a connection."""
    database = trial.database()
    database._pool.reconnect_timeout = 0.2
    database._pool.timeout = 0.5
    with database.transaction() as tx:
        tx.execute("SELECT 1")
    server.kill()
    for _ in range(3):
        with pytest.raises(TRANSIENT), database.transaction() as tx:
            tx.execute("SELECT 1")
    server.start()
    for _ in range(20):
        try:
            with database.transaction() as tx:
                tx.execute("SELECT 1")
        except PoolTimeout:
            continue
        break
    else:
        pytest.fail("the pool gave up for good")
    database.close()
