"""`python -m golden VERSION`: freeze what the present version writes, as the release of that name."""

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from chassis.embedded import EmbeddedPostgres
from chassis.provision import provision_database
from cli.provision import schemas
from contracts.examples import EXAMPLES
from contracts.schema import CONTRACTS, name_of
from golden import HERE, rows, stored


def messages() -> Iterator[dict[str, Any]]:
    """An example of each contract: events, commands, what is in the directory."""
    for contract in CONTRACTS:
        yield {"contract": name_of(contract), "body": EXAMPLES[contract]}


def events() -> Iterator[dict[str, Any]]:
    """Examples of each event that is stored, with what the house is told of it."""
    for service in stored.SERVICES:
        for event in stored.classes(service):
            for state in stored.examples(event):
                yield {
                    "service": service,
                    "topic": event.TOPIC,
                    "state": state,
                    "said": stored.said(service, event.TOPIC, state),
                }


def database_rows() -> Iterator[dict[str, Any]]:
    """What the tables hold after the code of this version wrote to them."""
    with tempfile.TemporaryDirectory(prefix="golden-") as directory:
        server = EmbeddedPostgres(Path(directory) / "pg")
        try:
            provision_database(server.start(), schemas())
            rows.fill(server.url)
            yield from rows.dump(server.url)
        finally:
            server.stop()


def freeze(version: str) -> int:
    """Write the files of a release; 1 when it was frozen before, which is for ever."""
    directory = HERE / version
    if directory.exists():
        sys.stderr.write(f"golden/{version} is there: what was released is never changed\n")
        return 1
    revisions = {schema.name: sorted(schema.known()) for schema in schemas()}
    frozen = {
        "messages.jsonl": _lines(messages()),
        "stored.jsonl": _lines(events()),
        "rows.jsonl": _lines(database_rows()),
        "revisions.json": json.dumps(revisions, indent=2) + "\n",
    }
    directory.mkdir()
    for name, text in frozen.items():
        (directory / name).write_text(text)
    sys.stdout.write(f"golden/{version}: {', '.join(frozen)}\n")
    return 0


def _lines(documents: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in documents)


def main(arguments: list[str]) -> int:
    """Run the command; exit code 2 when the version is not one."""
    if len(arguments) != 1 or not re.fullmatch(r"\d+\.\d+\.\d+", arguments[0]):
        sys.stderr.write("usage: make golden VERSION=1.2.3\n")
        return 2
    return freeze(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
