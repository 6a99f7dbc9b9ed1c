"""Everything the suite lets out, as text under a name: what a person, a program or a thief could come to read.

Left out on purpose, and nothing else: the register of identities, the stream that carries it and the roster of the
read models (they are where identities are), raw events until intake has read them, the directory (addresses of staff).
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from psycopg import sql

from cli.provision import SERVICES
from contracts.catalogue import INTAKE, REGISTER, STREAMS
from tests.real.sight.school import Watched

WITH_IDENTITIES = {("intake", "register"), ("projections", "identities")}


async def all_of(watched: Watched) -> dict[str, str]:
    """Every output of the running suite."""
    found = dict(await _metrics(watched))
    found |= await _streams(watched)
    found |= await asyncio.to_thread(lambda: dict(_tables(watched.suite.runtime["database_url"])))
    found |= dict(_logs(watched.suite.data))
    found["file names"] = "\n".join(str(path.relative_to(watched.suite.data)) for path in _files(watched.suite.data))
    return found


async def _metrics(watched: Watched) -> list[tuple[str, str]]:
    found = []
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        for name, where in watched.suite.runtime["services"].items():
            for media in ("text/plain", "application/openmetrics-text"):
                answer = await client.get(f"http://127.0.0.1:{where['port']}/metrics", headers={"accept": media})
                assert "perseverance_look_age_seconds" in answer.text
                found.append((f"/metrics of {name} as {media}", answer.text))
    return found


async def _streams(watched: Watched) -> dict[str, str]:
    """The subjects of every stream, and what is in those that hold no identity."""
    found = {}
    js = watched.nats.js
    for stream in STREAMS:
        state = (await js.stream_info(stream.name, subjects_filter=">")).state
        found[f"subjects of {stream.name}"] = "\n".join(state.subjects or ())
        if stream not in (INTAKE, REGISTER) and state.messages:
            config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, mem_storage=True)
            subscription = await js.pull_subscribe(stream.subjects[0], stream=stream.name, config=config)
            messages = await subscription.fetch(state.messages, timeout=10)
            found[stream.name] = "\n".join(f"{each.headers} {each.data.decode()}" for each in messages)
            await subscription.unsubscribe()
    return found


def _tables(database_url: str) -> Iterator[tuple[str, str]]:
    """Every table but those of identities; of what is in quarantine, all but the message itself."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET bytea_output = 'escape'")
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s)", (list(SERVICES),)
        ).fetchall()
        for place in set(tables) - WITH_IDENTITIES:
            rows = connection.execute(
                sql.SQL("SELECT (to_jsonb(it) - 'payload')::text || coalesce({}, '') FROM {} AS it").format(
                    sql.SQL("convert_from(it.payload, 'UTF8')" if place[1] in ("ledger", "refusals") else "null"),
                    sql.Identifier(*place),
                )
            )
            yield f"table {'.'.join(place)}", "\n".join(row for (row,) in rows) + _states(connection, place)


def _states(connection: psycopg.Connection[tuple[object, ...]], place: tuple[str, str]) -> str:
    """Events are kept as bytes."""
    if place[1] != "stored_events":
        return ""
    states = connection.execute(sql.SQL("SELECT convert_from(state, 'UTF8') FROM {}").format(sql.Identifier(*place)))
    return "\n".join(str(state) for (state,) in states)


def _logs(data: Path) -> Iterator[tuple[str, str]]:
    """Of every process: ours, the supervisor, both servers."""
    logs = [*(data / "log").glob("*.log*"), data / "postgres" / "log", *data.glob("nats/*.log")]
    assert {path.stem for path in logs} >= {*SERVICES, "supervisor", "nats", "log"}
    for path in logs:
        yield f"log {path.name}", path.read_text(errors="replace")


def _files(data: Path) -> list[Path]:
    return [path for path in data.rglob("*") if "postgres" not in path.parts]


def said_in(answers: list[httpx.Response]) -> str:
    """What was answered, headers included, and where it leads."""
    return json.dumps([[answer.status_code, dict(answer.headers), answer.text] for answer in answers])
