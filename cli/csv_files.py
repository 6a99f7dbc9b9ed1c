"""The files of the directory: read as those of schools are (`services/intake/csv_lines.py`), dates JJ/MM/AAAA.

What is wrong with the whole file raises UnusableFileError; what is wrong with one line makes that
line a `Row` with its `fault`, and the next ones go on. No message ever quotes a value of the file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cli.errors import CliError, ExitCode
from services.intake import csv_lines
from services.intake.codes import Code

_FAULTS = {
    Code.TRUNCATED_LINE: "the file stops in the middle of this line: was it cut while being copied?",
    Code.TOO_FEW_COLUMNS: "fewer values than the {columns} columns of the header",
    Code.TOO_MANY_COLUMNS: "more values than the {columns} columns of the header",
    Code.UNCLOSED_QUOTE: "the quotes of this line do not match",
    Code.LINE_TOO_LONG: "longer than any line should be: is a line end missing?",
    Code.UNREADABLE_CHARACTER: "a character that is not UTF-8, as the rest of the file is",
    Code.NUL: "a NUL character",
}
_FRENCH_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


class UnusableFileError(CliError):
    """The file cannot be read as what it should be. The message says why, without quoting it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=ExitCode.USAGE)


class FieldError(ValueError):
    """A value that cannot be what its column says. `column` and `reason` may be shown: no value in them."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not taken: where, which column (empty for the whole line), why."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"line {self.line}{column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number in the file (the header is 1), its values by column, or what is wrong with it."""

    line: int
    values: dict[str, str] = field(repr=False)
    fault: str = ""


def rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    """The lines under the header, which must hold the `required` columns, in any order; others are kept too.

    Blank lines are passed over. Raises UnusableFileError: not there, empty, not text, wrong separator, missing column.
    """
    try:
        with csv_lines.CsvFile(path, required) as file:
            for line in file:
                fault = _FAULTS[line.fault].format(columns=len(file.columns)) if line.fault else ""
                yield Row(line.number, line.values, fault)
    except csv_lines.UnusableFileError as error:
        raise UnusableFileError(str(error)) from None


def parse_date(text: str, column: str) -> date:
    """The day written as JJ/MM/AAAA or ISO. Raises FieldError."""
    if french := _FRENCH_DATE.fullmatch(text):
        day, month, year = (int(part) for part in french.groups())
    elif iso := _ISO_DATE.fullmatch(text):
        year, month, day = (int(part) for part in iso.groups())
    else:
        raise FieldError(column, "a date is written JJ/MM/AAAA or AAAA-MM-JJ")
    try:
        return date(year, month, day)
    except ValueError:
        raise FieldError(column, "this day does not exist") from None
