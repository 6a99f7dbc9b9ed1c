"""The door for files: rows become drafts, a thousand at a time, and each gets its answer."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from services.intake.application import Intake
from services.intake.batch import Earlier
from services.intake.codes import Code
from services.intake.csv_lines import CsvFile, Line
from services.intake.csv_rows import Kind
from services.intake.cut_cells import may_be_cut
from services.intake.drafts import Draft
from services.intake.reading import Read
from services.intake.refused_rows import RefusedRows
from services.intake.senders import Sender
from services.intake.verdicts import Refusal

OPERATOR = Sender("import")
"""Files come from an operator of the suite, who speaks for every school."""

_CHUNK = 1000


@dataclass
class Summary:
    """What became of the rows, and where the refused ones are listed."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    encoding: str = ""
    refused_file: Path | None = None
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """How many rows there were."""
        return self.accepted + self.duplicates + self.refused


def import_file(
    path: Path,
    kind: Kind,
    intake: Intake,
    *,
    refused_path: Path,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _read, _size: None,
) -> Summary:
    """Take in a file; list its refused rows in `refused_path`, where the list of an earlier run is removed if none is.

    A dry run gives the same answers and keeps nothing. Raises UnusableFileError before anything is taken.
    """
    summary = Summary()
    answer = partial(intake.preview, OPERATOR, earlier=Earlier()) if dry_run else partial(intake.receive, OPERATOR)
    with CsvFile(path, kind.columns) as file, RefusedRows(refused_path, path, dry_run=dry_run) as listed:
        summary.encoding = "utf-8" if file.encoding == "utf-8-sig" else file.encoding
        for lines in _chunks(file):
            events = [_read(line, kind) for line in lines]
            verdicts = answer(events)
            for line, verdict in zip(lines, verdicts, strict=True):
                summary.accepted += verdict.status == "accepted"
                summary.duplicates += verdict.status == "duplicate"
                if verdict.refusal:
                    summary.refused += 1
                    summary.codes[verdict.refusal.code] += 1
                    listed.add(line.number, kind.in_columns(verdict.refusal))
            progress(file.bytes_read(), file.size)
    summary.refused_file = refused_path if summary.refused else None
    return summary


def _read(line: Line, kind: Kind) -> Read:
    if line.fault:
        return Refusal("", line.fault)
    read, last = kind.draft(line.values), line.last_cell
    if isinstance(read, Draft) and last in kind.reads and may_be_cut(last, line.values[last], line.above):
        return Refusal(last, Code.MAYBE_CUT)
    return read


def _chunks(file: CsvFile) -> Iterator[list[Line]]:
    lines = iter(file)
    while chunk := list(islice(lines, _CHUNK)):
        yield chunk
