"""Logs as JSON lines that cannot hold personal data.

A library's message or an exception's text may quote the data it choked on, so neither is written:
our own records carry a fixed event name and named fields; an exception is its type and where it was raised.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

VERSION = version("perseverance")
_OURS = ("perseverance",)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, service, version, logger, event, fields; an exception by type and place."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`."""
        ours = record.name.startswith(_OURS)
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "version": VERSION,
            "logger": record.name,
            "event": record.getMessage() if ours else _foreign(record),
        }
        if ours:
            line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])[-6:]
            line["at"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
        return json.dumps(line, ensure_ascii=False, default=str)


def _foreign(record: logging.LogRecord) -> str:
    """The template of a library's record, or where it was written when it has none.

    Its arguments may quote a payload, and so may a message that was composed before it was logged.
    """
    return str(record.msg)[:80] if record.args else f"{record.filename}:{record.lineno}"


class Log:
    """Our logger: `log.info("batch.committed", consumer=..., messages=12)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"perseverance.{name}")

    def info(self, event: str, **fields: object) -> None:
        """Something normal that an operator may want to know."""
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: object) -> None:
        """Something that will be tried again, or that someone should look at."""
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, *, exc: BaseException | None = None, **fields: object) -> None:
        """Something that failed; of `exc` only the type and the place are written."""
        self._logger.error(event, exc_info=exc, extra={"fields": fields})


def configure(service: str, level: str) -> None:
    """Send every log of the process to stdout, as JSON; foreign libraries from WARNING up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("perseverance").setLevel(level)
