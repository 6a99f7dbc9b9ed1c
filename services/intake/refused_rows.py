"""The file of refused rows, beside the file they came from."""

import csv
import os
import stat
from pathlib import Path
from typing import Any, TextIO

from services.intake.csv_lines import SEPARATOR, UnusableFileError
from services.intake.verdicts import Refusal

_HEADER = ("ligne", "colonne", "raison")
_FIRST_LINE = SEPARATOR.join(_HEADER).encode()
_ENCODING = "utf-8-sig"  # with a BOM, for the spreadsheets it will be opened with


class RefusedRows:
    """Line number, column and reason in French of each refused row; never a value.

    Written under another name, and put in its place when all rows are read: until then the list of an earlier run
    stays, and nothing else is ever replaced or removed. Whether it can be written is known at once: raises
    UnusableFileError. A dry run that refuses nothing leaves the earlier list too.
    """

    def __init__(self, path: Path, source: Path, *, dry_run: bool = False) -> None:
        self._path = Path(os.path.realpath(path))  # through a link, its target is replaced
        self._dry_run = dry_run
        self._refused = 0
        try:
            _objects(self._path, source, path)
            self._beside = self._path.with_name(f".refused-{os.getpid()}.part")
            self._file: TextIO = self._beside.open("w", encoding=_ENCODING, newline="")
        except OSError as error:
            raise UnusableFileError(f"refused rows cannot be listed in {path} ({error.strerror})") from None
        self._writer: Any = csv.writer(self._file, delimiter=SEPARATOR)
        self._writer.writerow(_HEADER)

    def __enter__(self) -> "RefusedRows":
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        try:
            self._file.close()
            if failed is None:
                self._settle()
        finally:
            self._beside.unlink(missing_ok=True)

    def add(self, line: int, refusal: Refusal) -> None:
        """List one row."""
        self._refused += 1
        self._writer.writerow((line, refusal.field, refusal.code.reason_about(refusal.field).fr))

    def _settle(self) -> None:
        if self._refused:
            self._beside.replace(self._path)
        elif not self._dry_run:
            self._path.unlink(missing_ok=True)


def _objects(path: Path, source: Path, named: Path) -> None:
    """Raise UnusableFileError where what is at `path` is not ours to replace. `named`: as people wrote it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    if path.samefile(source):
        raise UnusableFileError(f"{named} is the file to import: refused rows must be listed in another")
    if not stat.S_ISREG(found.st_mode):
        raise UnusableFileError(f"refused rows cannot be listed in {named}: it is not a file")
    with path.open("rb") as file:
        first = file.readline(len(_FIRST_LINE) + 8)
    if first and first.decode(_ENCODING, "replace").strip().encode() != _FIRST_LINE:
        raise UnusableFileError(f"{named} is there already and is no list of refused rows: list them in another file")
