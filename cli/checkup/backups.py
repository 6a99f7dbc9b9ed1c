"""Whether what the suite has to remember was saved lately, and is saved as it is written where that was set up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from cli.backups.manifest import NAME, Manifest
from cli.checkup.findings import Finding, fail, ok, warn
from cli.errors import CliError

CHECK, ARCHIVE = "backup", "archive"
_ARCHIVER = "SELECT now(), current_setting('archive_mode'), last_archived_time, last_failed_time FROM pg_stat_archiver"
_NIGHTLY = timedelta(hours=26)
_FAR_TOO_OLD = timedelta(days=7)


def age(where: Path | None, fallback: Path) -> Iterator[Finding]:
    """How old the last whole backup is: under `where`, or where nobody said, under `fallback` if it is there."""
    place = where or (fallback if fallback.is_dir() else None)
    if place is None:
        yield ok(CHECK, "not looked at: PERSEVERANCE_BACKUPS may say where; CloudNativePG keeps its own")
        return
    remedy = f"perseverance backup {place / 'NAME'}"
    try:
        whole = [taken for each in (place, *sorted(place.iterdir())) if (taken := _taken_at(each))]
    except OSError as error:
        yield fail(
            CHECK, f"{place} cannot be looked into ({error.strerror})", "set PERSEVERANCE_BACKUPS to where they are"
        )
        return
    if not whole:
        yield fail(CHECK, f"no whole one in {place}", remedy)
        return
    old = datetime.now(UTC) - max(whole)
    detail = f"the last is {_told(old)} old, in {place}"
    if old > _FAR_TOO_OLD:
        yield fail(CHECK, detail, f"{remedy}, then see why nothing takes it each night")
    elif old > _NIGHTLY:
        yield warn(CHECK, detail, f"{remedy}, then see why nothing takes it each night")
    else:
        yield ok(CHECK, detail)


def archive(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Whether PostgreSQL archives what it writes, where it was told to, as CloudNativePG does; else nothing."""
    now, mode, last, failed = connection.execute(_ARCHIVER).fetchone() or (None, "off", None, None)
    if mode == "off":
        return
    # The server may have archived something between its looking at the clock and at itself.
    since = f"the last was {_told(max(now - last, timedelta()))} ago" if last else "none ever was"
    if failed and (not last or failed > last):
        remedy = "see the log of PostgreSQL, whose volume fills meanwhile: docs/operations.md, VolumeFills"
        yield fail(ARCHIVE, f"transactions are not archived, {since}", remedy)
    else:
        yield ok(ARCHIVE, f"transactions are archived, {since}")


def _taken_at(directory: Path) -> datetime | None:
    """When this backup was taken; None when it is none, or not whole."""
    if not (directory / NAME).is_file():
        return None
    try:
        manifest = Manifest.read(directory)
        sizes = {name: (directory / name).stat().st_size for name in manifest.files}
    except (CliError, OSError):
        return None
    return manifest.taken_at if all(file.bytes == sizes[name] for name, file in manifest.files.items()) else None


def _told(old: timedelta) -> str:
    if old < timedelta(hours=2):
        return f"{old.total_seconds() / 60:.0f} minutes"
    return f"{old.days} days" if old >= timedelta(days=2) else f"{old.total_seconds() / 3600:.0f} hours"
