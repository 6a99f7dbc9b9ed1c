"""A process that cannot work with what it is given says so in a line a fault, and ends at once."""

import json
import socket
import subprocess
import sys
from pathlib import Path

from tests.real.cli.running import ENVIRONMENT, perseverance

SECRET = "ZZ-CANARY-ZZ"


def intake(**environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("PERSEVERANCE_")}
    command = [sys.executable, "-m", "services.intake"]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=90, env={**clean, **environment}, check=False
    )


def test_a_service_names_every_fault_for_people_and_for_programs() -> None:
    ended = intake(NATS_URL=SECRET, PERSEVERANCE_MAX_EVENTS="0", PERSEVERANCE_LOGLEVEL="INFO")
    assert ended.returncode == 78
    lines = ended.stderr.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["intake:", name] for name in ("PERSEVERANCE_LOGLEVEL", "NATS_URL", "DATABASE_URL", "PERSEVERANCE_MAX_EVENTS")
    ]
    logged = json.loads(ended.stdout)
    assert logged["event"] == "service.settings_wrong"
    assert [f"intake: {fault}" for fault in logged["faults"]] == lines
    assert SECRET not in ended.stdout + ended.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = intake(NATS_URL="nats://127.0.0.1:1", DATABASE_URL="postgresql://", PERSEVERANCE_PORT=port)
    assert ended.returncode == 71
    assert f"port {port}" in ended.stderr
    assert "PERSEVERANCE_PORT" in ended.stderr
    assert json.loads(ended.stdout)["event"] == "service.port_refused"


def test_up_starts_nothing_with_a_misspelt_setting(tmp_path: Path) -> None:
    ENVIRONMENT["PERSEVERANCE_SMPT_HOST"] = SECRET
    try:
        ended = perseverance(tmp_path, "up", "--port", "0")
    finally:
        del ENVIRONMENT["PERSEVERANCE_SMPT_HOST"]
    assert ended.returncode == 78
    assert "PERSEVERANCE_SMTP_HOST?" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert SECRET not in ended.stdout + ended.stderr
    assert not (tmp_path / "pids.json").exists()
