"""`python -m contracts.generate`: write the JSON Schemas and the AsyncAPI document beside the contracts.

With `--release`, add today's example of each event to its golden file, where it stays for ever.
"""

import json
import sys
from pathlib import Path
from typing import Any

from contracts.asyncapi import document
from contracts.catalogue import FLOW, INCOMING
from contracts.examples import EXAMPLES
from contracts.schema import CONTRACTS, name_of, schema_of

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
GOLDEN = HERE / "golden"
COMMAND = "make schemas"


def generated() -> dict[Path, str]:
    """Each file that is made from the contracts, with what it must hold."""
    files = {SCHEMAS / f"{name_of(contract)}.json": _pretty(schema_of(contract)) for contract in CONTRACTS}
    return files | {HERE / "asyncapi.json": _pretty(document())}


def golden(contract: type[Any]) -> Path:
    """Where every version of an event that was ever released is kept, one line each."""
    return GOLDEN / f"{name_of(contract)}.json"


def write() -> int:
    """Write what changed, remove what no contract stands behind any more; return how many."""
    files = generated()
    stale = [path for path in SCHEMAS.glob("*.json") if path not in files]
    changed = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    SCHEMAS.mkdir(exist_ok=True)
    for path in changed:
        path.write_text(files[path])
    for path in stale:
        path.unlink()
    return len(changed) + len(stale)


def release() -> int:
    """Add a golden line for each event whose example is not there yet; return how many."""
    GOLDEN.mkdir(exist_ok=True)
    added = 0
    for contract in (*(channel.contract for channel in FLOW), *INCOMING):
        line = json.dumps(EXAMPLES[contract], ensure_ascii=False) + "\n"
        path = golden(contract)
        if not path.exists() or line not in path.read_text():
            with path.open("a") as file:
                file.write(line)
            added += 1
    return added


def _pretty(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Run the command; exit code 2 on an argument it does not know."""
    if arguments not in ([], ["--release"]):
        sys.stderr.write("usage: python -m contracts.generate [--release]\n")
        return 2
    sys.stdout.write(f"{write()} generated files changed\n")
    if arguments:
        sys.stdout.write(f"{release()} golden lines added\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
