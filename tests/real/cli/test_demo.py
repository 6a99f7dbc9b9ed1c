"""The demonstration ended from outside, in the middle of its year."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.real.cli.running import ENVIRONMENT


def test_a_demonstration_that_is_ended_leaves_nothing_running(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "demo", "--schools", "2", "--students", "50", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data", str(tmp_path / "demo")], stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("ready in"):
                break
        else:
            raise AssertionError("".join(said))
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    assert len(children) > 5
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
