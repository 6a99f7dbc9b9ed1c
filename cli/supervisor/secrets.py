"""Secrets of a suite on one machine: made once, readable by its owner alone, handed to services by environment."""

import json
import os
import secrets
from pathlib import Path

from cli.errors import CliError
from cli.runtime import SECRETS_FILE, TOKEN_SECRET

NAMES = (TOKEN_SECRET,)
_BYTES = 32


def ensure(data: Path) -> Path:
    """The secrets file under `data`, holding every name of NAMES; those it has are never changed."""
    path = data / SECRETS_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    except ValueError:
        raise CliError(f"{path} is damaged", "delete it for new secrets: people sign in again") from None
    missing = [name for name in NAMES if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(_BYTES) for name in missing}
        new = path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(kept, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    return path
