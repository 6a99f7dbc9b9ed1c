"""`perseverance provision` as operations run it: jobs at the same time, and services that come before it or after."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from nats import connect
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chassis.embedded import EmbeddedNats, EmbeddedPostgres, free_port
from chassis.provision import make_streams
from cli.provision import schemas
from contracts.catalogue import ALERTS

_ROOT = Path(__file__).parents[3]


@pytest.fixture
def empty_servers(postgres_server: EmbeddedPostgres, bare_nats_server: EmbeddedNats) -> Iterator[dict[str, str]]:
    """Two servers with nothing in them."""
    name = sql.Identifier(f"bare_{uuid4().hex}")
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    url = make_conninfo(postgres_server.url, dbname=name.as_string().strip('"'))
    yield {**os.environ, "NATS_URL": bare_nats_server.url, "DATABASE_URL": url}
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def servers(postgres_url: str, nats_url: str) -> dict[str, str]:
    """Two servers that were provisioned."""
    return {**os.environ, "NATS_URL": nats_url, "DATABASE_URL": postgres_url}


def start(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=environment,
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said, _ = process.communicate(timeout=90)
    return process.returncode, said


def test_of_jobs_that_run_at_once_one_does_everything_and_the_others_find_nothing_to_do(
    empty_servers: dict[str, str],
) -> None:
    jobs = [start(empty_servers, "cli.main", "provision", "--json") for _ in range(3)]
    answers = [ended(job) for job in jobs]
    assert [code for code, _ in answers] == [0, 0, 0], answers
    applied = sorted((json.loads(said)["revisions"] for _, said in answers), key=len)
    assert applied[:2] == [[], []]
    assert sorted(applied[2]) == sorted(revision for schema in schemas() for revision in schema.known())


def until(service: "subprocess.Popen[str]", said: str) -> str:
    """The line of the service's log that says it."""
    assert service.stdout is not None
    return next(line for line in service.stdout if said in line)


@pytest.mark.long
def test_a_service_started_before_the_job_says_what_to_do_and_begins_after_it(servers: dict[str, str]) -> None:
    with psycopg.connect(servers["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP SCHEMA alerts CASCADE")
    service = start(servers, "services.alerts")
    try:
        assert "run `perseverance provision`" in until(service, "service.waits")
        code, said = ended(start(servers, "cli.main", "provision"))
        assert (code, "applied: chassis_0001" in said) == (0, True), said
        until(service, "service.started")
    finally:
        service.terminate()
        service.communicate(timeout=60)


@pytest.mark.long
def test_an_older_version_leaves_a_database_that_a_newer_one_contracted(servers: dict[str, str]) -> None:
    port = free_port()
    service = start({**servers, "PERSEVERANCE_PORT": str(port)}, "services.alerts")
    try:
        until(service, "service.started")
        with psycopg.connect(servers["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("INSERT INTO alerts.revisions (revision, kind) VALUES ('alerts_9998', 'expand')")
            assert not schemas()[1].problems(connection), "what only grew is no reason to stop"
            connection.execute("INSERT INTO alerts.revisions (revision, kind) VALUES ('alerts_9999', 'contract')")
        answer = httpx.get(f"http://127.0.0.1:{port}/ready", timeout=30, trust_env=False)
        assert answer.status_code == 503
        assert "alerts_9999" in answer.text
        assert "alerts_9998" not in answer.text
        assert "run the version that provisioned it" in answer.text
        code, said = ended(start(servers, "cli.main", "provision"))
        assert code == 5
        assert "newer version" in said
    finally:
        service.terminate()
        service.communicate(timeout=60)


def test_streams_made_for_one_server_are_made_anew_before_they_have_copies(servers: dict[str, str]) -> None:
    code, said = ended(start(servers, "cli.main", "streams", "remake"))
    assert (code, said) == (0, "every stream is written as declared\n")
    cluster = {**servers, "PERSEVERANCE_STREAM_REPLICAS": "3"}
    code, said = ended(start(cluster, "cli.main", "provision"))
    assert code != 0
    assert "was made for one server" in said
    assert "`perseverance streams remake`" in said


def test_copies_that_a_lonely_server_cannot_keep_are_refused_in_its_own_words(empty_servers: dict[str, str]) -> None:
    code, said = ended(start({**empty_servers, "PERSEVERANCE_STREAM_REPLICAS": "3"}, "cli.main", "provision"))
    assert code != 0
    assert "NATS refuses a stream as declared: replicas > 1 not supported" in said
    assert "PERSEVERANCE_STREAM_REPLICAS" in said


def test_streams_of_an_earlier_kind_are_made_anew_and_no_other(servers: dict[str, str]) -> None:
    async def as_with_copies() -> None:
        client = await connect(servers["NATS_URL"])
        await client.jetstream().delete_stream(ALERTS.name)
        await make_streams(client.jetstream(), [replace(ALERTS, replayable=False)], [])
        await client.close()

    asyncio.run(as_with_copies())
    code, said = ended(start(servers, "cli.main", "provision"))
    assert code == 0, said
    code, said = ended(start(servers, "cli.main", "streams", "remake", "--json"))
    assert (code, json.loads(said)) == (0, ["ALERTS"])


def test_what_nats_does_not_take_back_is_said_and_made_anew(servers: dict[str, str]) -> None:
    async def deny() -> None:
        client = await connect(servers["NATS_URL"])
        js = client.jetstream()
        await js.update_stream((await js.stream_info(ALERTS.name)).config.evolve(deny_delete=True))
        await client.close()

    asyncio.run(deny())
    code, said = ended(start(servers, "cli.main", "provision"))
    assert code != 0
    assert "stream ALERTS (deny_delete)" in said
    assert "`perseverance streams remake`" in said
    code, said = ended(start(servers, "cli.main", "streams", "remake", "--json"))
    assert (code, json.loads(said)) == (0, ["ALERTS"])
    code, said = ended(start(servers, "cli.main", "provision"))
    assert code == 0, said
