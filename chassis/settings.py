"""Settings every service has, from the environment."""

import os
import re
import socket
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeVar

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsConfigDict, SettingsError

from chassis.clock import Clock, SimulatedClock, SystemClock
from chassis.credentials import Credentials
from chassis.database import Database
from chassis.login import Login
from chassis.placement import Placement

PREFIX = "PERSEVERANCE_"
# What Kubernetes puts into the environment of a pod for a Service whose name begins like ours.
_OF_KUBERNETES = re.compile(r"_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)(_|$)")
_TCP_ADDRESS = "tcp://"
_SERVER = r"(nats|tls|wss?)://[^\s/,]+/?"


class WrongSettings(Exception):
    """Settings nobody can work with. `faults`: one line each, that says what is expected and quotes no value."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Settings(Placement):
    """Every service: where the servers are and how this process presents itself."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        extra="ignore",
        populate_by_name=True,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    nats_url: str = Field(validation_alias=AliasChoices("NATS_URL", "nats_url"), pattern=rf"^{_SERVER}(,{_SERVER})*$")
    """Where NATS is, as `nats://host:4222`; several servers of one cluster with commas between them."""
    database_url: str = Field(validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    """Where PostgreSQL is and who we are there, as `postgresql://user:password@host:5432/database`."""
    database_password_file: Path | None = Field(
        None, validation_alias=AliasChoices("DATABASE_PASSWORD_FILE", "database_password_file")
    )
    """A file with the password of that user, read at each connection; while it changes, the new and the former one."""
    nats_nkey_file: Path | None = Field(None, validation_alias=AliasChoices("NATS_NKEY_FILE", "nats_nkey_file"))
    """A file with the seed of the nkey that the service shows NATS; followed while it changes."""
    nats_ca_file: Path | None = Field(None, validation_alias=AliasChoices("NATS_CA_FILE", "nats_ca_file"))
    """The authority that must vouch for NATS; with it, nothing is said in clear."""
    nats_inbox: str = Field(
        "", validation_alias=AliasChoices("NATS_INBOX", "nats_inbox"), pattern=r"^(_INBOX(\.[A-Za-z0-9_-]+)*)?$"
    )
    """Under which subject answers are sent to us, by default `_INBOX.` and the name of the service."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(0, ge=0, le=65535)
    """The port to listen on; 0 takes a free one."""
    member: str = Field(default_factory=socket.gethostname, min_length=1)
    """The name of this replica, its own among those of a service; by default the one of the machine."""
    leave_s: float = Field(3.0, ge=0, le=60)
    """For how many seconds a service that is told to stop still answers, while load balancers learn that it leaves."""
    clock: Literal["system", "simulated"] = "system"
    """`simulated`: the time a simulator sets, for demonstrations only."""
    stop_limit_s: float = Field(10.0, gt=5)
    """How long work in hand may take to finish once the service is asked to stop, in seconds."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe log lines that are written."""

    @field_validator("database_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            conninfo_to_dict(value)
        except ProgrammingError:  # its own words quote the value
            raise ValueError("not an address of PostgreSQL") from None
        return value

    @property
    def login(self) -> Login:
        """How we sign in to PostgreSQL."""
        return Login(self.database_url, self.database_password_file)

    def credentials(self, inbox: str) -> Credentials:
        """As whom we speak to NATS; answers come under `inbox`, or where `NATS_INBOX` says."""
        return Credentials(self.nats_nkey_file, self.nats_ca_file, self.nats_inbox or inbox)


S = TypeVar("S", bound=Settings)


def load(settings: type[S], known: Collection[str]) -> S:
    """The settings in the environment. `known`: every variable of the suite, for a suite often shares one environment.

    Raises WrongSettings: one is missing, cannot be used, or begins like ours and is none of ours.
    """
    faults = unknown({*variables(settings), *known})
    try:
        loaded = settings()
    except ValidationError as error:
        faults += [_fault(settings, each["loc"], each["type"], each["msg"]) for each in error.errors()]
    except SettingsError as error:
        faults.append(f"a setting has not the form it must have ({type(error).__name__}): see docs/settings.md")
    if faults:
        raise WrongSettings(faults)
    return loaded


def variables(settings: type[Settings]) -> dict[str, FieldInfo]:
    """The environment variable of each field."""
    return {_variable(name, info): info for name, info in settings.model_fields.items()}


def unknown(known: Collection[str]) -> list[str]:
    """Variables in the environment that begin like ours and are none of `known`, a line each."""
    found = []
    for variable, value in sorted(os.environ.items()):
        name = variable.upper()
        if not name.startswith(PREFIX) or name in known:
            continue
        if _OF_KUBERNETES.search(name) or value.startswith(_TCP_ADDRESS):
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.8)
        found.append(f"{variable} is no setting of ours: " + (f"{near[0]}?" if near else "see docs/settings.md"))
    return found


def read_secrets(path: Path) -> tuple[str, ...]:
    """The secrets in a file, one a line: one, or while it is being changed two.

    Raises ValueError, without any content, when it cannot be read or holds none.
    """
    try:
        lines = path.read_text().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file it names cannot be read ({type(error).__name__})") from None
    found = tuple(line.strip() for line in lines if line.strip())
    if not found:
        raise ValueError("the file it names is empty")
    return found


def _variable(name: str, info: FieldInfo) -> str:
    alias = info.validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else PREFIX + name.upper()


def _fault(settings: type[Settings], where: tuple[int | str, ...], kind: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    by_place = {place: v for v, info in variables(settings).items() for place in (v, v.removeprefix(PREFIX).lower())}
    variable = by_place.get(str(where[0])) if where else None
    if variable is None:
        return message  # about several of them: it names them
    what = "is missing" if kind == "missing" else f"cannot be used: {message[:1].lower()}{message[1:]}"
    return f"{variable} {what}. {variables(settings)[variable].description}"


def make_clock(settings: Settings, database: Database) -> Clock:
    """The clock the settings ask for."""
    return SimulatedClock(database) if settings.clock == "simulated" else SystemClock()
