"""The demonstration ended from outside: what was asked and is not done is no success, and nothing is left running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cli.runtime import Suite
from tests.real.cli.running import ENVIRONMENT

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

READY, STAYS = "ready in", "Ctrl-C stops everything"


def as_in_a_terminal() -> None:
    """What a shell starts in its background ignores Ctrl-C, and so does all that comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Demonstration:
    """`perseverance demo` in a process of its own."""

    def __init__(self, directory: Path, *arguments: str, students: int = 50) -> None:
        self.data = directory / "demo"
        command = [sys.executable, "-m", "cli.main", "demo", "--schools", "2", "--students", str(students)]
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--data", str(self.data), *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            preexec_fn=as_in_a_terminal,
        )

    def until(self, said: str) -> list[psutil.Process]:
        """Wait until it says so; everything that runs then."""
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if line.startswith(said):
                return psutil.Process(self.process.pid).children(recursive=True)
        raise AssertionError("".join(lines))

    @property
    def suite(self) -> int:
        """The process that keeps the suite up."""
        return Suite.find(self.data, {}).pid

    def ended(self) -> tuple[int, str]:
        """How it ended, and what else it said."""
        _, said = self.process.communicate(timeout=120)
        return self.process.returncode, said


@contextmanager
def demonstration(directory: Path, *arguments: str, students: int = 50) -> Iterator[Demonstration]:
    started = Demonstration(directory, *arguments, students=students)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.terminate()
            started.process.communicate(timeout=120)


def all_gone(children: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(children, timeout=30)
    return not alive


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ended_before_its_report_it_is_no_success_and_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    report = tmp_path / "report.json"
    with demonstration(tmp_path, "--once", "--report", str(report), students=2000) as played:
        children = played.until(READY)
        played.process.send_signal(number)
        returned, said = played.ended()
    assert returned == code, said
    assert f"nothing was written to {report}" in said
    assert "Traceback" not in said
    assert not report.exists()
    assert len(children) > 5
    assert all_gone(children)


def test_a_demonstration_that_has_played_may_be_stopped(tmp_path: Path) -> None:
    with demonstration(tmp_path) as played:
        children = played.until(STAYS)
        played.process.send_signal(signal.SIGINT)
        returned, said = played.ended()
    assert returned == 0, said
    assert all_gone(children)


def test_a_suite_that_dies_while_it_is_looked_at_is_a_failure_and_leaves_nothing_running(tmp_path: Path) -> None:
    with demonstration(tmp_path) as played:
        children = played.until(STAYS)
        os.kill(played.suite, signal.SIGKILL)
        returned, said = played.ended()
    assert returned == 1
    assert f"the suite ended by itself: read {played.data / 'log'}" in said
    assert all_gone(children)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_suite_that_ends_while_the_year_is_played_is_a_failure(tmp_path: Path, number: signal.Signals) -> None:
    report = tmp_path / "report.json"
    with demonstration(tmp_path, "--once", "--report", str(report), students=2000) as played:
        children = played.until(READY)
        os.kill(played.suite, number)
        returned, said = played.ended()
    assert returned == 1
    assert f"the suite ended by itself: read {played.data / 'log'}" in said
    assert "Traceback" not in said
    assert not report.exists()
    assert all_gone(children)
