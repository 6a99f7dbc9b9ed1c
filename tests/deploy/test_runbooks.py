"""What the runbooks tell people to type and to look for exists."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module

from typer.core import TyperGroup
from typer.main import get_command

from cli.main import COMMANDS
from cli.settings import known
from tests.deploy.manifests import ROOT
from tests.deploy.test_watching import OPERATIONS, metrics

CODE = "\n".join(path.read_text() for part in ("chassis", "services", "cli") for path in (ROOT / part).rglob("*.py"))
RUNBOOKS = OPERATIONS.partition("## Runbooks")[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
NOT_READY = '{"ready": false, "missing": ["nats: \u00e9teint"]}'
LOGGED = set(re.findall(r'log\.(?:info|warning|error)\(\s*"([a-z_.]+)"', CODE))


def test_the_lines_to_look_for_in_logs_are_written() -> None:
    named = set(re.findall(r"`((?:alarm|database|gauges|nats|reader|relay|sender|service)\.[a-z_]+)`", RUNBOOKS))
    assert named
    assert named - LOGGED == set()


def test_the_commands_to_type_exist() -> None:
    typed = set(re.findall(r"`perseverance ([a-z]+)", OPERATIONS))
    assert {"doctor", "keys", "quarantine"} <= typed
    assert typed - set(COMMANDS) == set()


def typed() -> Iterator[list[str]]:
    """Every command of ours that a document tells to type, in its words."""
    for path in DOCUMENTS:
        text = re.sub(r"\\\n\s*", "", path.read_text())
        shown = re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
        said = re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
        lines = [line for block in shown for line in block.splitlines()]
        for each in [*lines, *(" ".join(words.split()) for words in re.findall(r"`([^`]+)`", said))]:
            if told := re.search(r"(?:^|[ /])(?<!-n )perseverance ((?:--data \S+ )?[a-z].*)", each):
                yield re.split(r" [#|>&<]|[;)'\"]", told[1])[0].split()


def unknown(words: list[str]) -> list[str]:
    """Those of a command's words that name a command, or an option, that is none."""
    words = words[2:] if words[0] == "--data" else words
    if words[0] not in COMMANDS:
        return words[:1]
    command, rest = get_command(import_module(COMMANDS[words[0]][0]).app), words[1:]
    while isinstance(command, TyperGroup) and rest:
        if rest[0] not in command.commands:
            return rest[:1]
        command, rest = command.commands[rest[0]], rest[1:]
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    return [word for word in rest if word.startswith("-") and word.partition("=")[0] not in options]


def test_the_commands_to_type_have_these_parts_and_options() -> None:
    commands = list(typed())
    assert ["quarantine", "drop", "SERVICE/NUMBER", "--yes"] in commands
    assert [(" ".join(words), odd) for words in commands if (odd := unknown(words))] == []


@contextmanager
def not_ready() -> Iterator[int]:
    """The port of a service that says what it lacks."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = NOT_READY.encode()
            self.send_response(503)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_typed_first_shows_what_a_service_lacks() -> None:
    (program,) = re.findall(r'exec deploy/\w+ -- python -c "([^"]+)"', RUNBOOKS)
    with not_ready() as port:
        here = program.replace("'localhost', 8080", f"'127.0.0.1', {port}")
        assert here != program
        done = subprocess.run([sys.executable, "-X", "utf8", "-c", here], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == (NOT_READY, 0), done.stderr


def test_the_settings_named_exist() -> None:
    assert set(re.findall(r"`(PERSEVERANCE_[A-Z_]+)`", OPERATIONS)) - known() == set()


def test_the_numbers_named_exist() -> None:
    named = set(re.findall(r"`(perseverance_[a-z_]+)`", OPERATIONS))
    assert {name for name in named if not {name, f"{name}_count"} & set(metrics())} == set()


def test_the_files_named_exist() -> None:
    named = set(re.findall(r"`((?:deploy|components|overlays|base|tests|docs)/[\w./-]+)`", OPERATIONS))
    here = {name if name.startswith(("deploy", "tests", "docs")) else f"deploy/k8s/{name}" for name in named}
    assert [name for name in here if not (ROOT / name).exists()] == []


def test_what_is_paused_by_hand_may_have_been_paused_before_and_is_let_go() -> None:
    """Without `--overwrite` a second annotation is refused; without the other command nothing is ever scaled again."""
    paused = re.findall(r"annotate scaledobject (\S+) autoscaling\.keda\.sh/paused-replicas(=?)(.*)", OPERATIONS)
    assert all("--overwrite" in more for _, sets, more in paused if sets)
    assert {which for which, sets, _ in paused if sets} == {which for which, sets, _ in paused if not sets}
