"""What the doctor says of backups: how old the last whole one is, and what to do."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.backups.manifest import DATABASE, File, Manifest
from cli.checkup.backups import age
from cli.checkup.findings import Finding, Verdict


def backup(place: Path, old: timedelta) -> Path:
    place.mkdir(parents=True)
    (place / DATABASE).write_bytes(b"as it was")
    files = {DATABASE: File.of(place / DATABASE)}
    Manifest("0.1.0", "18", datetime.now(UTC) - old, {}, {}, {}, files).write(place)
    return place


def said(where: Path | None, fallback: Path = Path("/nowhere/at/all")) -> Finding:
    (finding,) = age(where, fallback)
    return finding


def test_where_nobody_said_where_they_are_that_is_said_and_fails_nothing() -> None:
    assert said(None).verdict is Verdict.ok
    assert "PERSEVERANCE_BACKUPS" in said(None).detail


@pytest.mark.parametrize(
    ("old", "verdict", "told"),
    [
        (timedelta(hours=9), Verdict.ok, "9 hours"),
        (timedelta(hours=30), Verdict.warn, "30 hours"),
        (timedelta(days=8), Verdict.fail, "8 days"),
    ],
)
def test_the_youngest_counts(tmp_path: Path, old: timedelta, verdict: Verdict, told: str) -> None:
    backup(tmp_path / "first", timedelta(days=40))
    backup(tmp_path / "last", old)
    assert said(None, tmp_path).verdict is verdict
    finding = said(tmp_path)
    assert finding.verdict is verdict
    assert told in finding.detail
    assert (f"perseverance backup {tmp_path}" in finding.remedy) == (verdict is not Verdict.ok)


def test_the_directory_of_one_backup_will_do_as_well(tmp_path: Path) -> None:
    assert said(backup(tmp_path / "only", timedelta(hours=1))).verdict is Verdict.ok


def test_what_is_not_whole_is_none(tmp_path: Path) -> None:
    cut = backup(tmp_path / "cut", timedelta(hours=1))
    (cut / DATABASE).write_bytes(b"as")
    lacking = backup(tmp_path / "lacking", timedelta(hours=1))
    (lacking / DATABASE).unlink()
    (tmp_path / "being taken").mkdir()
    damaged = backup(tmp_path / "damaged", timedelta(hours=1))
    (damaged / "manifest.json").write_text(json.dumps({"taken_at": "now"}))
    assert said(tmp_path).verdict is Verdict.fail
    assert "no whole one" in said(tmp_path).detail


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert said(tmp_path / "gone").verdict is Verdict.fail
    assert "PERSEVERANCE_BACKUPS" in said(tmp_path / "gone").remedy
