"""What the image promises, each promise tried on real servers, as its own user, its root read-only."""

import json
import os
import re
import secrets
import signal
import stat
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from chassis.embedded import EmbeddedNats, EmbeddedPostgres, free_port
from cli.main import COMMANDS
from contracts.catalogue import SERVICES
from deploy.image.build import Image, Say

_LABELS = ("title", "description", "licenses", "version", "revision", "base.name")
_HOME = "opt/perseverance"
_SOCKET = "/run/postgres/.s.PGSQL.5432"
_OWNER = "owner"
_START_LIMIT_S, _STOP_LIMIT_S = 120, 60


class Broken(Exception):
    """A promise of the image that does not hold."""


def prove(image: Image, repository: Path, place: Path, say: Say) -> None:
    """Try every promise. Raises Broken at the first one that does not hold."""
    say(f"only {_HOME} is added: {_contents(image)} files, none writable by others, none with a user's rights")
    say(f"bill of materials: {_bill(image, repository)} components, those of requirements-run.lock")
    _settings(image)
    say("labels, a user by number, an exec command: as they must be")
    password = secrets.token_urlsafe(32)
    with _servers(place, password) as (nats, socket):
        image.root.bind(socket, _SOCKET)
        image.root.forbid_writing()
        environment = image.environment | {
            "NATS_URL": nats,
            "DATABASE_URL": f"postgresql://{_OWNER}:{password}@/postgres?host={Path(_SOCKET).parent}",
            "PERSEVERANCE_TOKEN_SECRET": secrets.token_urlsafe(32),
        }
        trial = _Trial(image, environment, place)
        for command in COMMANDS:
            trial.errand("perseverance", command, "--help")
        say(f"{len(COMMANDS)} commands start")
        say(f"provisioning: {trial.errand('perseverance', 'provision')}")
        for service in SERVICES:
            say(f"perseverance-{service}: {trial.service(f'perseverance-{service}')}")


def _contents(image: Image) -> int:
    layer, count = image.root.layer, 0
    for path in layer.rglob("*"):
        inside = path.relative_to(layer)
        if path.is_symlink() or path.is_dir():
            continue
        count += 1
        mode = path.stat().st_mode
        if not inside.is_relative_to(_HOME):
            raise Broken(f"/{inside} is not ours to write")
        if mode & (stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID):
            raise Broken(f"/{inside}: others may write to it, or it lends its owner's rights")
    return count


def _bill(image: Image, repository: Path) -> int:
    bill = json.loads((image.root.layer / _HOME / "sbom.cdx.json").read_text())
    listed = {f"{_plain(part['name'])}=={part['version']}" for part in bill["components"]}
    lock = (repository / "deploy/requirements-run.lock").read_text()
    pinned = {f"{_plain(name)}=={version}" for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}
    listed = {part for part in listed if not part.startswith("perseverance==")}
    if listed != pinned:
        raise Broken(f"the bill of materials and the lock differ: {sorted(listed ^ pinned)}")
    return len(listed)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _settings(image: Image) -> None:
    missing = [name for name in _LABELS if not image.labels.get(f"org.opencontainers.image.{name}")]
    if missing:
        raise Broken(f"labels without a value: {missing}")
    if not re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", image.user):
        raise Broken(f"USER {image.user}: give a number, or Kubernetes cannot tell that it is not root")
    if not image.command:
        raise Broken("no CMD")


@contextmanager
def _servers(place: Path, password: str) -> Iterator[tuple[str, Path]]:
    nats, postgres = EmbeddedNats(place / "nats"), EmbeddedPostgres(place / "postgres")
    nats.start()
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        # The server knows whoever started it by name; the image's user is another.
        role, secret = sql.Identifier(_OWNER), sql.Literal(password)
        connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(role, secret))
    try:
        yield nats.url, place / "postgres" / Path(_SOCKET).name
    finally:
        nats.stop()
        postgres.stop()


class _Trial:
    """Starts entry points of the image, one at a time."""

    def __init__(self, image: Image, environment: Mapping[str, str], place: Path) -> None:
        self._image = image
        self._environment = environment
        self._output = place / "output"

    def errand(self, *words: str) -> str:
        """Run to the end; the last line it says."""
        process = self._start(words, {})
        if process.wait(_START_LIMIT_S) != 0:
            raise Broken(f"{' '.join(words)} ends with {process.returncode}: {self._said()}")
        self._left_nothing(words[0])
        return self._said().splitlines()[-1]

    def service(self, name: str) -> str:
        """Start it, wait until it is ready, look at whom it runs as, stop it as Kubernetes does."""
        port = free_port()
        process = self._start([name], {"PERSEVERANCE_PORT": str(port)})
        try:
            self._wait_ready(process, name, port)
            inside = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
            uid = _status(inside, "Uid")
            if uid == "0" or _status(inside, "NoNewPrivs") != "1":
                raise Broken(f"{name} runs as {uid}")
            os.kill(inside, signal.SIGTERM)
            if process.wait(_STOP_LIMIT_S) != 0:
                raise Broken(f"{name} ends with {process.returncode} when asked to stop: {self._said()}")
        finally:
            process.kill()
        self._left_nothing(name)
        return f"ready as uid {uid} and first process, stops when asked, leaves no file"

    def _start(self, words: tuple[str, ...] | list[str], more: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        return self._image.root.start(words, {**self._environment, **more}, self._image.user, self._output)

    def _wait_ready(self, process: "subprocess.Popen[bytes]", name: str, port: int) -> None:
        limit = time.monotonic() + _START_LIMIT_S
        while not _ready(port):
            if process.poll() is not None or time.monotonic() > limit:
                raise Broken(f"{name} does not become ready: {self._said()}")
            time.sleep(0.1)

    def _left_nothing(self, name: str) -> None:
        left = [str(path) for path in (self._image.root.path / "tmp").rglob("*")]
        if left:
            raise Broken(f"{name} leaves files: {left}")

    def _said(self) -> str:
        return self._output.read_text()[-2000:].strip()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
