"""`python -m contracts.generate`: write the JSON Schemas and the AsyncAPI document beside the contracts,
and who may do what on NATS where the server takes it from.
"""

import json
import sys
from pathlib import Path
from typing import Any

from contracts.asyncapi import document
from contracts.authorization import authorization
from contracts.schema import CONTRACTS, name_of, schema_of

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
AUTHORIZATION = HERE.parent / "deploy" / "k8s" / "components" / "nats" / "authorization.conf"
COMMAND = "make schemas"


def generated() -> dict[Path, str]:
    """Each file that is made from the contracts, with what it must hold."""
    files = {SCHEMAS / f"{name_of(contract)}.json": _pretty(schema_of(contract)) for contract in CONTRACTS}
    return files | {HERE / "asyncapi.json": _pretty(document()), AUTHORIZATION: authorization()}


def write() -> int:
    """Write what changed, remove what no contract stands behind any more; return how many."""
    files = generated()
    stale = [path for path in SCHEMAS.glob("*.json") if path not in files]
    changed = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path])
    for path in stale:
        path.unlink()
    return len(changed) + len(stale)


def _pretty(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Run the command; exit code 2 on an argument it does not know."""
    if arguments:
        sys.stderr.write("usage: python -m contracts.generate\n")
        return 2
    sys.stdout.write(f"{write()} generated files changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
