"""Backup, restore and rehearsal, from outside: a suite that worked, then one made of what was saved."""

import asyncio
import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.directory_bucket import read_directory
from cli.playing import preparing
from cli.runtime import Suite
from cli.simulator.academy import Academy, build
from cli.wiring import connected
from tests.real.cli.running import Up, perseverance, up
from tests.real.cli.test_rest import HALF_DAYS, absences, send

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

TABLES = ("intake.ledger", "intake.register", "alerts.stored_events", "notifications.stored_events")
SHOWN = ("projections.alerts", "projections.identities", "projections.mails")


@pytest.fixture(scope="module")
def academy() -> Academy:
    return build(2, 60, 5)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, academy: Academy) -> Iterator[Up]:
    """A suite in which six pupils missed what makes alerts and e-mails of them."""

    async def work(suite: Up) -> None:
        async with connected(Suite.find(suite.data, {})) as services:
            await preparing.load(Suite.find(suite.data, {}), academy)
            key = preparing.register_sender(services[0].database, academy)
        for place in range(6):
            await send(suite, key, absences(academy, place, HALF_DAYS[: 4 + 2 * place]))

    with up(tmp_path_factory.mktemp("saved") / "var") as started:
        asyncio.run(work(started))
        assert perseverance(started.data, "wait").returncode == 0
        yield started


@pytest.fixture(scope="module")
def saved(suite: Up, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("backups") / "first"
    answer = perseverance(suite.data, "backup", str(directory))
    assert answer.returncode == 0, answer.stderr
    return directory


def counts(data: Path, tables: tuple[str, ...]) -> dict[str, int]:
    with psycopg.connect(Suite.find(data, {}).database_url) as connection:
        return {
            name: (connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() or (0,))[0] for name in tables
        }


def directory_of(data: Path) -> Any:
    async def read() -> Any:
        async with connected(Suite.find(data, {})) as services:
            return await read_directory(services[0].nats.js)

    return asyncio.run(read())


def test_only_its_owner_can_read_a_backup_and_its_manifest_names_nobody(
    saved: Path, suite: Up, academy: Academy
) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o700
    assert {path.name for path in saved.iterdir()} == {"manifest.json", "database.dump", "directory.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in saved.iterdir()} == {0o600}
    manifest = (saved / "manifest.json").read_text()
    for pupil in [pupil for pupils in academy.pupils.values() for pupil in pupils]:
        assert pupil.ine not in manifest
        assert f'"{pupil.last_name}"' not in manifest
    tables = json.loads(manifest)["tables"]
    assert {name: tables[name]["rows"] for name in TABLES} == counts(suite.data, TABLES)
    assert all(tables[name]["rows"] for name in (*TABLES, *SHOWN))


def test_a_backup_is_never_overwritten(saved: Path, suite: Up) -> None:
    answer = perseverance(suite.data, "backup", str(saved))
    assert answer.returncode == 2
    assert "not empty" in answer.stderr


def test_a_rehearsal_proves_that_the_backup_can_be_put_back(suite: Up) -> None:
    answer = perseverance(suite.data, "rehearse", "--json", limit=200)
    assert answer.returncode == 0, answer.stderr
    lines = {line["what"]: line for line in json.loads(answer.stdout)}
    assert all(line["same"] for line in lines.values())
    for what in ("table intake.register", "stream ALERTS", "stream REGISTER", "read model alerts", "read model mails"):
        assert what in lines
    assert not lines["read model alerts"]["saved"].startswith("0 rows")


def test_a_rehearsal_sees_what_is_missing(suite: Up, saved: Path, tmp_path: Path) -> None:
    """As if the database had been saved without one of its rows, and its log had stopped before the stream's end."""
    shutil.copytree(saved, tmp_path / "less")
    path = tmp_path / "less" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"]["intake.ledger"]["rows"] += 1
    manifest["streams"]["ALERTS"]["seq"] += 1
    path.write_text(json.dumps(manifest))
    answer = perseverance(suite.data, "rehearse", str(tmp_path / "less"), limit=200)
    assert answer.returncode == 1
    differing = [line for line in answer.stderr.splitlines() if "DIFFERS" in line]
    assert len(differing) == 2, answer.stderr


def test_a_damaged_backup_is_refused_before_anything_is_touched(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "damaged")
    with (tmp_path / "damaged" / "database.dump").open("r+b") as file:
        file.seek(-100, 2)
        file.write(b"\0")
    answer = perseverance(tmp_path / "var", "restore", str(tmp_path / "damaged"))
    assert answer.returncode == 1
    assert "damaged" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_suite_that_is_up_is_not_restored_into(saved: Path, suite: Up) -> None:
    answer = perseverance(suite.data, "restore", str(saved))
    assert answer.returncode == 5
    assert "already running" in answer.stderr


def test_what_was_saved_comes_up_again_elsewhere(saved: Path, suite: Up, tmp_path: Path) -> None:
    there = tmp_path / "var"
    answer = perseverance(there, "restore", str(saved))
    assert answer.returncode == 0, answer.stderr
    again = perseverance(there, "restore", str(saved))
    assert again.returncode == 5
    assert "not empty" in again.stderr
    with up(there) as restored:
        assert perseverance(restored.data, "wait", "--timeout", "60").returncode == 0
        assert counts(restored.data, (*TABLES, *SHOWN)) == counts(suite.data, (*TABLES, *SHOWN))
        assert directory_of(restored.data) == directory_of(suite.data)
        mails = [path for path in (restored.data / "mail").rglob("*") if path.is_file() and path.suffix == ".eml"]
        assert not mails, "what had been sent was sent again"
