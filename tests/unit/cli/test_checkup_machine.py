"""What the doctor says of the machine it runs on, where the suite's servers are here and where they are not."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.checkup.findings import Finding, Verdict
from cli.checkup.machine import disk
from cli.runtime import Suite


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the pod for commands, whose files are in memory."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(512 << 20, 0, 512 << 20))


def said(data: Path, pid: int) -> Finding:
    (finding,) = disk(Suite(data, "nats://nats", "postgresql://postgres", pid=pid))
    return finding


def test_where_servers_are_elsewhere_the_room_here_says_nothing(tmp_path: Path) -> None:
    assert said(tmp_path, 0).verdict is Verdict.ok
    assert said(tmp_path, os.getpid()).verdict is Verdict.ok, "`up` with servers of somebody else"
    assert "not looked at" in said(tmp_path / "var", 0).detail


@pytest.mark.parametrize("server", ["nats", "postgres"])
def test_where_a_server_of_ours_is_it_needs_room(tmp_path: Path, server: str) -> None:
    (tmp_path / server).mkdir()
    assert said(tmp_path, os.getpid()).verdict is Verdict.fail
    assert said(tmp_path, 0).verdict is Verdict.ok, "what a suite left that runs no more"
