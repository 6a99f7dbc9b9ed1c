"""Which suite a command speaks to: the one under `--data DIR`, unless NATS_URL / DATABASE_URL say otherwise.

`perseverance up` writes `DIR/runtime.json` once everything is ready and removes it when it stops.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import typer

from chassis.credentials import Credentials
from chassis.login import Login
from cli.errors import CliError, ExitCode
from contracts.permissions import OPERATIONS
from contracts.streams import inbox_of

RUNTIME_FILE = "runtime.json"
SECRETS_FILE = Path("secrets") / "secrets.json"
KEYS = "keys"
DEFAULT_DATA = Path("var")
TOKEN_SECRET = "PERSEVERANCE_TOKEN_SECRET"  # noqa: S105  (the name of a setting, not a secret)
TOKEN_SECRET_FILE = f"{TOKEN_SECRET}_FILE"


@dataclass(frozen=True, slots=True)
class Suite:
    """Where the parts of a suite are. Empty strings stand for what is not known."""

    data: Path
    nats_url: str
    database_url: str
    url: str = ""
    pid: int = 0
    services: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    smtp: Mapping[str, Any] = field(default_factory=dict)
    secrets_file: Path | None = None
    keys: Path | None = None
    given: Credentials = field(default_factory=lambda: Credentials(inbox=""))
    password_file: Path | None = None
    clock: str = "system"

    @classmethod
    def find(cls, data: Path, environment: Mapping[str, str] = os.environ) -> Self:
        """The suite under `data`, or the servers named by the environment.

        Raises CliError (unreachable) when there is neither.
        """
        written = _read(data / RUNTIME_FILE)
        if not _runs(int(written.get("pid", 0))):
            written = {}  # left by a supervisor that was killed
        nats_url = environment.get("NATS_URL") or written.get("nats_url", "")
        database_url = environment.get("DATABASE_URL") or written.get("database_url", "")
        if not nats_url or not database_url:
            raise CliError(
                f"no suite is running under {data}",
                f"start one with `perseverance up --data {data}`, or set NATS_URL and DATABASE_URL",
                ExitCode.UNREACHABLE,
            )
        kept = Path(written.get("secrets_file") or data / SECRETS_FILE)
        return cls(
            data=data,
            nats_url=nats_url,
            database_url=database_url,
            url=environment.get("PERSEVERANCE_URL") or written.get("url", ""),
            pid=int(written.get("pid", 0)),
            services=written.get("services", {}),
            smtp=written.get("smtp", {}),
            secrets_file=kept if kept.exists() else None,
            keys=Path(written["keys"]) if written.get("keys") and not environment.get("NATS_URL") else None,
            given=given_credentials(environment),
            password_file=given_password_file(environment),
            clock=environment.get("PERSEVERANCE_CLOCK") or written.get("clock", "system"),
        )

    def secrets(self) -> dict[str, str]:
        """Settings that nobody else may read, by environment variable; the environment wins."""
        kept = _read(self.secrets_file) if self.secrets_file else {}
        return {name: os.environ.get(name) or value for name, value in kept.items()}

    @property
    def login(self) -> Login:
        """How whoever looks after the suite signs in to PostgreSQL: as its owner, who may act as each service."""
        return Login(self.database_url, self.password_file)

    def credentials(self, user: str) -> Credentials:
        """As whom to speak to NATS when acting as `user`: the environment wins over the keys of the suite."""
        ours = self.keys / f"{user}.nk" if self.keys else None
        return replace(self.given, nkey_file=self.given.nkey_file or ours, inbox=self.given.inbox or inbox_of(user))

    def environment(self) -> dict[str, str]:
        """The environment for commands that build a service to look at it: its settings, but the operators' own key.

        Whoever looks signs nothing: where the secret of the tokens is not known, one that is thrown away stands for it.
        """
        key = self.credentials(OPERATIONS)
        known = os.environ.get(TOKEN_SECRET) or os.environ.get(TOKEN_SECRET_FILE)
        return {
            **os.environ,
            **({} if known else {TOKEN_SECRET: secrets.token_urlsafe()}),
            **self.secrets(),
            "NATS_NKEY_FILE": str(key.nkey_file or ""),
            "NATS_CA_FILE": str(key.ca_file or ""),
            "NATS_INBOX": key.inbox,
            "DATABASE_PASSWORD_FILE": str(self.password_file or ""),
            "NATS_URL": self.nats_url,
            "DATABASE_URL": self.database_url,
            "PERSEVERANCE_CLOCK": self.clock,
        }

    def need_url(self) -> str:
        """The address of the gateway; raises CliError when the suite runs behind another door."""
        if not self.url:
            raise CliError(
                "the address of the suite is not known",
                "set PERSEVERANCE_URL to where its pages are",
                ExitCode.UNREACHABLE,
            )
        return self.url


def given_credentials(environment: Mapping[str, str]) -> Credentials:
    """As whom the environment says to speak to NATS."""
    nkey_file, ca_file = environment.get("NATS_NKEY_FILE"), environment.get("NATS_CA_FILE")
    return Credentials(
        Path(nkey_file) if nkey_file else None, Path(ca_file) if ca_file else None, environment.get("NATS_INBOX", "")
    )


def given_password_file(environment: Mapping[str, str]) -> Path | None:
    """Where the environment says that the password of PostgreSQL is."""
    given = environment.get("DATABASE_PASSWORD_FILE")
    return Path(given) if given else None


def suite_of(ctx: typer.Context) -> Suite:
    """The suite this command speaks to (`--data` of the main command)."""
    return Suite.find(data_of(ctx))


def data_of(ctx: typer.Context) -> Path:
    """The directory given by `--data`, `./var` by default."""
    found = ctx.find_object(Path)
    return found if found is not None else DEFAULT_DATA


def _runs(pid: int) -> bool:
    try:
        if pid:
            os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return bool(pid)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise CliError(
            f"{path} cannot be read", "run as the user who started the suite", ExitCode.UNREACHABLE
        ) from None
    except (OSError, ValueError):
        raise CliError(f"{path} is damaged", "stop the suite, delete this file and start again") from None
    return content if isinstance(content, dict) else {}
