"""CSV files as French schools export them, line by line, in constant memory.

What is wrong with the whole file raises UnusableFileError. What is wrong with one line is said of that line
and the next ones go on. Nothing here ever quotes a value of the file.
"""

import codecs
import csv
import re
import stat
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from services.intake.codes import Code

SEPARATOR = ";"
_OTHER_SEPARATORS = {",": "a comma", "\t": "a tab", "|": "a vertical bar"}
_NOT_TEXT = {
    b"PK\x03\x04": "a spreadsheet",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"\xff\xfe": "written in UTF-16",
    b"\xfe\xff": "written in UTF-16",
    b"%PDF": "a PDF",
}
_SEPARATOR_LINE = re.compile(r"(?:sep=.?)?;*", re.IGNORECASE)
_BOM = codecs.BOM_UTF8
# Control codes in ISO-8859-15; letters and quotes on Windows, where such files often come from.
_WINDOWS_ONLY = re.compile(rb"[\x80-\x9f]")
# How an accent, a ligature or an apostrophe begins in UTF-8. In ISO-8859-15 these are letters that end no French word.
_CUT_ACCENT = re.compile(rb"[\xc3\xc5]|\xe2\x80?")
_UNREADABLE = "\ufffd"
_LONGEST_LINE = 65_536  # characters, its end included
_LINE_ENDS = ("\n", "\r")
_CELL_ENDS = (*_LINE_ENDS, '"')
_LONGEST_CELL = 20  # lines
_BLOCK = 1 << 20


class UnusableFileError(Exception):
    """The file is not what it should be; the message says why, and is fit for people."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number (the file's first is 1), its values by column, or what is wrong with the whole of it.

    `last_cell`: the column in whose value the file stops, without a line end or a quote; `above`: what the line above
    has there.
    """

    number: int
    values: dict[str, str] = field(repr=False)
    fault: Code | None = None
    last_cell: str = ""
    above: str = field(default="", repr=False)


class CsvFile:
    """An opened file whose header holds the `required` columns. Iterate over its lines; close it by `with`."""

    def __init__(self, path: Path, required: Sequence[str]) -> None:
        self.path = path
        try:
            found = path.stat()
            if stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode):  # it is read twice
                raise UnusableFileError(f"{path} is a pipe, not a file: save it to a file first")
            self.size = found.st_size
            with path.open("rb") as data:
                self.encoding = _examine(data, path.name)
            self._text: TextIO = path.open(encoding=self.encoding, errors="replace", newline="")
        except FileNotFoundError:
            raise UnusableFileError(f"there is no file {path}") from None
        except OSError as error:
            raise UnusableFileError(f"{path} cannot be read ({error.strerror})") from None
        self._records = _Records(self._text)
        try:
            first = next((record for record in self._records if not _before_header(record)), None)
            self.columns = _header(first, path.name, required)
        except BaseException:
            self._text.close()
            raise
        self._records.width = len(self.columns)

    def __enter__(self) -> "CsvFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    def bytes_read(self) -> int:
        """How far in the file we are, about."""
        return self._text.buffer.tell()

    def __iter__(self) -> Iterator[Line]:
        """The lines under the header; blank ones are passed over."""
        above: dict[str, str] = {}
        for number, cells, end in self._records:
            if isinstance(cells, Code):
                yield Line(number, {}, cells)
            elif any(cell.strip() for cell in cells):
                values = dict.fromkeys(self.columns, "")
                values |= {name: cell.strip() for name, cell in zip(self.columns, cells, strict=False)}
                last_cell = "" if end in _CELL_ENDS else self._last_cell(cells)
                fault = self._fault(cells, cut=end not in _LINE_ENDS)
                yield Line(number, values, fault, last_cell, above.get(last_cell, ""))
                above = values

    def _last_cell(self, cells: Sequence[str]) -> str:
        # Under separators that go on after the last column, its value is whole.
        return self.columns[-1] if len(cells) == len(self.columns) else ""

    def _fault(self, cells: Sequence[str], *, cut: bool) -> Code | None:
        if len(cells) < len(self.columns):
            return Code.TRUNCATED_LINE if cut else Code.TOO_FEW_COLUMNS
        if any(cell.strip() for cell in cells[len(self.columns) :]):
            return Code.TOO_MANY_COLUMNS
        if any(_UNREADABLE in cell for cell in cells):
            return Code.UNREADABLE_CHARACTER
        if any("\0" in cell for cell in cells):
            return Code.NUL
        return None


def _examine(data: BinaryIO, name: str) -> str:
    """The encoding. Reads the file once, block by block."""
    block = data.read(_BLOCK)
    if not block.removeprefix(_BOM).strip():
        raise UnusableFileError(f"{name} is empty")
    for signature, what in _NOT_TEXT.items():
        if block.startswith(signature):
            raise UnusableFileError(f"{name} is {what}: save it as CSV (UTF-8)")
    certain = block.startswith(_BOM)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    bad = accented = 0
    windows = False
    while block:
        text = decoder.decode(block)
        bad += text.count(_UNREADABLE)
        accented += len(text) - len(text.encode("ascii", "ignore"))
        windows = windows or _WINDOWS_ONLY.search(block) is not None
        block = data.read(_BLOCK)
    tail = decoder.getstate()[0]
    if tail and _CUT_ACCENT.fullmatch(tail) is None:  # no character at all, not the beginning of one
        bad, accented = bad + 1, accented + 1
    # A UTF-8 file with one damaged line must not turn the accents of all the others into nonsense by
    # being taken for ISO-8859-15: its bad lines are refused instead.
    if certain or accented - bad >= bad:
        return "utf-8-sig"
    return "cp1252" if windows else "iso-8859-15"


_Record = tuple[int, list[str] | Code, str]
"""Line number, cells or why there are none, and the character it ends with: a line end but where the file stops."""


def _before_header(record: _Record) -> bool:
    """Whether it is a blank line, or the one in which Excel is told the separator."""
    cells = record[1]
    return (
        isinstance(cells, list)
        and _SEPARATOR_LINE.fullmatch(SEPARATOR.join(cell.strip() for cell in cells)) is not None
    )


def _header(record: _Record | None, name: str, required: Sequence[str]) -> tuple[str, ...]:
    expected = SEPARATOR.join(required)
    if record is None:
        raise UnusableFileError(f"{name}: there is no header, which must hold {expected}")
    line, cells = f"{name}: line {record[0]}", record[1] if isinstance(record[1], list) else []
    columns = [_column(cell) for cell in cells]
    while columns and not columns[-1]:  # spreadsheets leave separators at the end
        columns.pop()
    # The first line of a file without a header holds data: it is never quoted.
    missing = [column for column in required if column not in columns]
    if len(columns) == 1 and missing:
        for separator, what in _OTHER_SEPARATORS.items():
            if separator in cells[0]:
                raise UnusableFileError(f"{line}: the separator is {what}, it must be a semicolon: {expected}")
    if len(missing) == len(required):
        raise UnusableFileError(f"{line} is not the header, which must hold {expected}")
    if missing:
        raise UnusableFileError(f"{line}: missing column {', '.join(missing)}: the header must hold {expected}")
    if len(set(columns)) != len(columns):
        raise UnusableFileError(f"{line}: a column appears twice")
    return tuple(columns)


def _column(cell: str) -> str:
    """`Demi-journée ` -> `demi_journee`."""
    plain = unicodedata.normalize("NFKD", cell).encode("ascii", "ignore").decode()
    return re.sub(r"[\s-]+", "_", plain.strip().lower())


class _Records:
    """The records of a text. `width` is how many cells a record should have, once the header is known.

    A quoted cell may hold line ends, but a quote that is never closed must not swallow the lines that
    follow: then that line alone is wrong, and reading goes on with the next.
    """

    def __init__(self, text: TextIO) -> None:
        self._lines = _Lines(text)
        self.width = 0

    def __iter__(self) -> Iterator[_Record]:
        while (line := self._lines.take()) is not None:
            number = self._lines.number
            cells = self._cells(line)
            yield number, cells, self._lines.taken[-1]

    def _cells(self, line: str) -> list[str] | Code:
        if _was_cut(line):
            return Code.LINE_TOO_LONG
        return self._quoted(line) if '"' in line else line.rstrip("\r\n").split(SEPARATOR)

    def _quoted(self, line: str) -> list[str] | Code:
        """The cells of a record with quotes in it, which may go on on the next lines."""
        cells, is_open = _parsed(line)
        following: list[str] = []
        while is_open and len(following) < _LONGEST_CELL and (more := self._lines.take()) is not None:
            following.append(more)
            cells, is_open = _parsed(line + "".join(following))
        if following and (cells is None or self.width not in (0, len(cells)) or any(map(_was_cut, following))):
            self._lines.give_back(following)
            return Code.UNCLOSED_QUOTE
        if is_open:
            return Code.UNCLOSED_QUOTE
        return cells or line.rstrip("\r\n").split(SEPARATOR)


def _parsed(text: str) -> tuple[list[str] | None, bool]:
    """The cells of a record, None if its quotes are wrong; and whether a quote is still open at its end."""
    try:
        return next(csv.reader([text.rstrip("\r\n")], delimiter=SEPARATOR, strict=True)), False
    except csv.Error as error:
        return None, "unexpected end" in str(error)


def _was_cut(line: str) -> bool:
    return len(line) == _LONGEST_LINE and not line.endswith(_LINE_ENDS)


class _Lines:
    """The lines of a text, that can be given back; the last one taken, and its number."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._ahead: deque[str] = deque()
        self.number = 0
        self.taken = ""

    def take(self) -> str | None:
        """The next line, None at the end. A line beyond all reason is cut, so as to be refused."""
        if not self._ahead:
            self._fill()
        if not self._ahead:
            return None
        self.number += 1
        self.taken = self._ahead.popleft()
        return self.taken

    def give_back(self, lines: Sequence[str]) -> None:
        """These were not ours."""
        self._ahead.extendleft(reversed(lines))
        self.number -= len(lines)

    def _fill(self) -> None:
        line = self._text.readline(_LONGEST_LINE)
        if not line:
            return
        if _was_cut(line):
            while (rest := self._text.readline(_LONGEST_LINE)) and not rest.endswith(_LINE_ENDS):
                pass
        self._ahead.append(line)
