"""What the supervisor has to say: JSON lines in a file for programs, one short line on stderr for people."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from chassis.logs import JsonFormatter

_FOR_PEOPLE = logging.WARNING


class _Short(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in getattr(record, "fields", {}).items())
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        return f"{at} {record.levelname.lower()} {record.getMessage()} {fields}"


def configure(log_file: Path) -> None:
    """Write every record to `log_file`, and those that someone should look at to stderr too."""
    to_file = logging.FileHandler(log_file)
    to_file.setFormatter(JsonFormatter("supervisor"))
    to_people = logging.StreamHandler(sys.stderr)
    to_people.setFormatter(_Short())
    to_people.setLevel(_FOR_PEOPLE)
    to_people.addFilter(lambda record: record.name.startswith("perseverance"))
    root = logging.getLogger()
    root.handlers[:] = [to_file, to_people]
    root.setLevel(logging.WARNING)
    logging.getLogger("perseverance").setLevel(logging.INFO)
