"""The keys of everyone who speaks to NATS, in one directory: a seed each, and what the server must know of them.

`USER.nk` is the seed in use. While a key is being replaced, `USER.next.nk` holds the one to come. `keys.conf` gives the
server both public keys; where there is none to come, that of a seed nobody kept. Of a school's system that sends on
NATS we have the public key alone: `senders` names each with it, a line for each key.
"""

import base64
import os
import re
from collections.abc import Iterable
from pathlib import Path

import nkeys

from chassis.credentials import new_seed, public_key
from cli.errors import CliError, ExitCode
from contracts.authorization import KEYS_FILE, authorization, key_variables
from contracts.permissions import DOOR, USERS
from services.intake.senders import is_name

AUTHORIZATION_FILE = "authorization.conf"
SENDERS_FILE = "senders"
_PUBLIC_KEY = re.compile(r"U[A-Z2-7]{55}")


class Keyring:
    """The keys under `directory`, which only its owner may open."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def seed_file(self, user: str) -> Path:
        """Where the seed in use is."""
        return self.directory / f"{user}.nk"

    def next_file(self, user: str) -> Path:
        """Where the seed to come is, while there is one."""
        return self.directory / f"{user}.next.nk"

    def make(self, users: Iterable[str] = USERS, *, open_door: bool = False) -> list[str]:
        """Make the keys that are missing and write what the server reads; return whose were made.

        `open_door`: whoever has no key may do what senders do; for a server nobody else reaches.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = [user for user in users if not self.seed_file(user).exists()]
        for user in made:
            _write(self.seed_file(user), f"{new_seed()}\n")
        self._tell(open_door=open_door)
        return made

    def prepare(self, user: str) -> Path:
        """Make the key to come of `user`; return where its seed is. Raises CliError when there is one already."""
        if self.next_file(user).exists():
            raise CliError(f"{user} has a key to come already", "switch to it first", ExitCode.CONFLICT)
        _write(self.next_file(user), f"{new_seed()}\n")
        self._tell(open_door=self._door_is_open())
        return self.next_file(user)

    def switch(self, user: str) -> None:
        """The key to come is the one in use; the former one is known to the server until it reads `keys.conf` again.

        Raises CliError when there is none to come.
        """
        try:
            self.next_file(user).replace(self.seed_file(user))
        except FileNotFoundError:
            raise CliError(f"{user} has no key to come", "prepare one first", ExitCode.CONFLICT) from None
        self._tell(open_door=self._door_is_open())

    def senders(self) -> list[tuple[str, str]]:
        """Name and public key of each system that may send, in the order they were admitted. Raises CliError."""
        path = self.directory / SENDERS_FILE
        lines = path.read_text().splitlines() if path.exists() else []
        found = []
        for number, line in enumerate(lines, 1):
            name, _, key = line.strip().partition(" ")
            if name and not (is_name(name) and is_public_key(key)):
                raise CliError(f"line {number} of {path} is no sender", "a name, a space, a public key")
            found += [(name, key)] if name else []
        return found

    def admit(self, name: str, key: str) -> None:
        """Let the system `name` send with this key, beside those it has. Raises CliError when it is somebody else's."""
        known = self.senders()
        theirs = {other for other, each in known if each == key} - {name}
        if theirs or key in (self.directory / KEYS_FILE).read_text():
            raise CliError("somebody else has this key", "each makes its own", ExitCode.CONFLICT)
        self._keep(dict.fromkeys([*known, (name, key)]))

    def dismiss(self, name: str, key: str | None) -> int:
        """Forget this key of a sender, or all it has; return how many that were."""
        known = self.senders()
        kept = [each for each in known if each != (name, each[1] if key is None else key)]
        self._keep(kept)
        return len(known) - len(kept)

    def _keep(self, senders: Iterable[tuple[str, str]]) -> None:
        # Also when they are the same: who was interrupted between the two files does it again.
        text = "".join(f"{name} {key}\n" for name, key in senders)
        if text or (self.directory / SENDERS_FILE).exists():
            _write(self.directory / SENDERS_FILE, text)
        self._allow(open_door=self._door_is_open())

    def _door_is_open(self) -> bool:
        return "\nno_auth_user: " in (self.directory / AUTHORIZATION_FILE).read_text()

    def _allow(self, *, open_door: bool) -> None:
        _write(self.directory / AUTHORIZATION_FILE, authorization(open_door=open_door, senders=self.senders()))

    def _tell(self, *, open_door: bool) -> None:
        self._allow(open_door=open_door)
        known = {}
        for user in USERS:
            in_use, to_come = key_variables(user)
            known[in_use] = self._public(self.seed_file(user))
            known[to_come] = self._public(self.next_file(user))
        if open_door:
            known[key_variables(DOOR)[0]] = self._nobody()
        lines = (f"{name}: {value}\n" for name, value in known.items())
        _write(self.directory / KEYS_FILE, "".join(lines))

    def _nobody(self) -> str:
        """A name for whoever has no key, whose seed nobody has. Always the same: no reload may change it."""
        name, conf = key_variables(DOOR)[0], self.directory / KEYS_FILE
        lines = conf.read_text().splitlines() if conf.exists() else []
        former = next((line for line in lines if line.startswith(f"{name}: ")), "")
        return former.removeprefix(f"{name}: ") or public_key(new_seed())

    def _public(self, seed_file: Path) -> str:
        try:
            return public_key(seed_file.read_text().strip())
        except FileNotFoundError:
            return public_key(new_seed())
        except (nkeys.NkeysError, ValueError):
            raise CliError(f"{seed_file} is damaged", "delete it for a new key, and restart who uses it") from None


def is_public_key(text: str) -> bool:
    """Whether this is the public half of a user's key: a server that is given another begins no more."""
    if not _PUBLIC_KEY.fullmatch(text):
        return False
    raw = base64.b32decode(text)  # the last two bytes are there for who mistypes
    return bool(raw[0] == nkeys.PREFIX_BYTE_USER and nkeys.crc16(raw[:-2]) == int.from_bytes(raw[-2:], "little"))


def _write(path: Path, text: str) -> None:
    """Whole, or not at all: a server that reads half of it would know nobody, and hang up on everybody."""
    descriptor = os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".new").replace(path)
