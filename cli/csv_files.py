"""CSV files as French schools write them: `;`, UTF-8 with or without BOM or ISO-8859-15, dates JJ/MM/AAAA.

What is wrong with the whole file raises UnusableFileError; what is wrong with one line makes that
line a `Row` with its `fault`, and the next ones go on. No message ever quotes a value of the file.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cli.errors import CliError, ExitCode

SEPARATOR = ";"
UNREADABLE = "\ufffd"
_SEPARATOR_LINE = re.compile(r"sep=.?;*", re.IGNORECASE)
_OTHER_SEPARATORS = {",": "a comma", "\t": "a tab", "|": "a vertical bar"}
_NOT_TEXT = {
    b"PK\x03\x04": "a spreadsheet",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"\xff\xfe": "written in UTF-16",
    b"\xfe\xff": "written in UTF-16",
    b"%PDF": "a PDF",
}
_BOM = b"\xef\xbb\xbf"
_LONGEST_CELL = 20  # lines
_LONGEST_HEADER = 65_536  # characters
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


@dataclass(frozen=True, slots=True)
class CsvFile:
    """An opened file: its columns in order, how it was written, how many lines it has under the header."""

    path: Path
    columns: tuple[str, ...]
    encoding: str
    lines: int
    text: str = field(repr=False)

    def __iter__(self) -> Iterator[Row]:
        """The lines under the header; empty ones are passed over. `values` has all columns."""
        unfinished = 0 if self.text.endswith("\n") else self.text.count("\n") + 1
        found = _from_header(self.text)
        next(found)
        for number, cells in found:
            if cells is None:
                yield Row(number, {}, "the quotes of this line do not match")
                continue
            values = dict.fromkeys(self.columns, "")
            values |= {name: cell.strip() for name, cell in zip(self.columns, cells, strict=False)}
            yield Row(number, values, _fault(cells, self.columns, cut=number == unfinished))


def open_csv(path: Path, required: Sequence[str]) -> CsvFile:
    """Read `path`, whose header must hold the `required` columns, in any order; others are kept too.

    Column names are compared without accents, case, and with `_` for spaces and hyphens.
    Raises UnusableFileError: not there, empty, not text, wrong separator, missing column.
    """
    text, encoding = _decoded(_bytes_of(path), path.name)
    number, cells = next(_from_header(text[:_LONGEST_HEADER]), (0, None))
    if not number:
        raise UnusableFileError(f"{path.name} is empty")
    # Quotes that do not match in the header are those of another separator: let the check say so.
    columns = tuple(_column(cell) for cell in cells or [text.split("\n")[number - 1]])
    while columns and not columns[-1]:  # spreadsheets leave separators at the end
        columns = columns[:-1]
    _check_header(path.name, columns, required)
    return CsvFile(path, columns, encoding, text.strip().count("\n"), text)


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


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UnusableFileError(f"there is no file {path}") from None
    except OSError as error:
        raise UnusableFileError(f"{path} cannot be read ({error.strerror})") from None


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    """The text with `\\n` line ends, and the encoding it was written in. Raises UnusableFileError."""
    for signature, what in _NOT_TEXT.items():
        if data.startswith(signature):
            raise UnusableFileError(f"{name} is {what}: save it as CSV (UTF-8)")
    text, encoding = _decode(data.removeprefix(_BOM), certain=data.startswith(_BOM))
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _decode(data: bytes, *, certain: bool) -> tuple[str, str]:
    text = data.decode("utf-8", errors="replace")
    bad = text.count(UNREADABLE)
    accented = sum(1 for character in text if character > "\x7f") - bad if bad else 0
    # A UTF-8 file cut inside a character, or with one damaged line, must not turn every accent of
    # the others into nonsense by being taken for ISO-8859-15; its bad lines are refused instead.
    if certain or not bad or accented > bad or _cut_inside_a_character(data):
        return text, "utf-8"
    if any(0x80 <= byte <= 0x9F for byte in data):  # control codes in ISO-8859-15, letters on Windows
        try:
            return data.decode("cp1252"), "windows-1252"
        except UnicodeDecodeError:
            pass
    return data.decode("iso-8859-15"), "iso-8859-15"


def _cut_inside_a_character(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


def _column(cell: str) -> str:
    """`Demi-journée ` -> `demi_journee`."""
    plain = unicodedata.normalize("NFKD", cell).encode("ascii", "ignore").decode()
    return re.sub(r"[ -]+", "_", plain.strip(" ").lower())


def _check_header(name: str, columns: Sequence[str], required: Sequence[str]) -> None:
    # The first line of a file without a header holds data: it is never quoted.
    missing = [column for column in required if column not in columns]
    if not missing and len(set(columns)) == len(columns):
        return
    expected = SEPARATOR.join(required)
    if not missing:
        raise UnusableFileError(f"{name}: line 1: a column appears twice")
    if len(columns) == 1:
        for separator, what in _OTHER_SEPARATORS.items():
            if separator in columns[0]:
                raise UnusableFileError(f"{name}: line 1: the separator is {what}, it must be a semicolon: {expected}")
    if len(missing) == len(required):
        raise UnusableFileError(f"{name}: line 1 is not the header, which must hold {expected}")
    raise UnusableFileError(f"{name}: line 1: missing column {', '.join(missing)}: the header must hold {expected}")


def _from_header(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """`_lines`, without the one above the header in which Excel is told the separator."""
    found = _lines(text)
    for first in found:
        if _SEPARATOR_LINE.fullmatch(SEPARATOR.join(cell.strip() for cell in first[1] or ())) is None:
            yield first
        break
    yield from found


def _lines(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Number and cells of each line; None for one whose quotes are wrong. Empty lines are passed over.

    A quoted cell may hold line ends, but a quote that is never closed must not swallow the file:
    then that line alone is wrong.
    """
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line, taken = lines[number], 1
        if '"' in line:
            cells, taken = _quoted(lines[number : number + _LONGEST_CELL])
        else:
            cells = line.split(SEPARATOR)
        if cells is None or any(cell.strip() for cell in cells):
            yield number + 1, cells
        number += taken


def _quoted(lines: Sequence[str]) -> tuple[list[str] | None, int]:
    """The cells of a line with quotes in it, and how many lines of the file it took."""
    for taken in range(1, len(lines) + 1):
        try:
            cells = next(csv.reader(["\n".join(lines[:taken])], delimiter=SEPARATOR, strict=True))
        except csv.Error as error:
            if "unexpected end" in str(error):
                continue
            break
        return cells, taken
    return None, 1


def _fault(cells: Sequence[str], columns: Sequence[str], *, cut: bool) -> str:
    """What is wrong with a line as a whole; empty if nothing."""
    if len(cells) < len(columns):
        if cut:
            return "the file stops in the middle of this line: was it cut while being copied?"
        return f"{len(cells)} values where the header has {len(columns)} columns"
    if any(cell.strip() for cell in cells[len(columns) :]):
        return f"{len(cells)} values where the header has {len(columns)} columns"
    if any(UNREADABLE in cell for cell in cells):
        return "a character that is not UTF-8, as the rest of the file is"
    if any("\0" in cell for cell in cells):
        return "a NUL character"
    return ""
