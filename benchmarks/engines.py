"""The servers everybody is measured on: one PostgreSQL, one nats-server, emptied between contenders."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from benchmarks.feed import connect
from benchmarks.process import cpu_s
from chassis.embedded import EmbeddedNats, EmbeddedPostgres
from chassis.provision import provision_streams
from contracts.catalogue import BUCKETS, STREAMS


@dataclass(frozen=True)
class Engines:
    """Where the servers answer, and how to start over."""

    nats_url: str
    postgres_url: str
    directory: Path
    pids: Mapping[str, int]

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds that each server has used so far."""
        return {name: cpu_s(pid) for name, pid in self.pids.items()}

    def fresh(self, name: str, *, synced: bool = False) -> str:
        """Empty streams and a new database called `name`; return the url of that database."""
        asyncio.run(self.fresh_streams(synced=synced))
        with psycopg.connect(self.postgres_url, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            admin.execute("CHECKPOINT")
        return make_conninfo(self.postgres_url, dbname=name)

    async def fresh_streams(self, *, synced: bool = False) -> None:
        """Every stream as provisioned, and empty; `synced`: as with copies, on the disk before the answer."""
        client = await connect(self.nats_url)
        js = client.jetstream()
        for stream in await js.streams_info():
            await js.delete_stream(str(stream.config.name))
        await client.close()
        streams = [replace(stream, replayable=False) for stream in STREAMS] if synced else STREAMS
        await provision_streams(self.nats_url, streams, BUCKETS)


@contextmanager
def running_engines() -> Iterator[Engines]:
    """Both servers, as `perseverance up` runs them, in a directory that is removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="perseverance-bench-"))
    nats, postgres = EmbeddedNats(directory / "nats"), EmbeddedPostgres(directory / "postgres")
    try:
        urls = nats.start(), postgres.start()
        yield Engines(*urls, directory, {"nats": nats.pid, "postgres": postgres.pid})
    finally:
        nats.stop()
        postgres.stop()
        shutil.rmtree(directory, ignore_errors=True)
