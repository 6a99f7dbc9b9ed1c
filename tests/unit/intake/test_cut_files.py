"""A file that stops in the middle of a value says nothing that the whole file did not say."""

from pathlib import Path
from typing import Any, cast

import pytest

from services.intake.codes import Code
from services.intake.csv_rows import ABSENCES, STUDENTS, Kind
from services.intake.drafts import Draft
from services.intake.importing import import_file
from services.intake.reading import Read
from services.intake.verdicts import Refusal
from tests.unit.intake.given import INE, UAI
from tests.unit.intake.test_refused_rows import Door

HEADER = "ine;uai;date;demi_journee;justifiee;motif"
DAY = f"{INE};{UAI};06/10/2025;M;O"
MOMENTS = [
    "06/10/2025 10:05",
    "6/10/2025 8h05",
    "06/10/2025 à 10:05",
    "06/10/2025 10:05:30",
    "2025-10-06T10:05",
    "2025-10-06 10:05:30",
    "2025-10-06T10:05:30Z",
    "2025-10-06T10:05:30.123Z",
    "2025-10-06T10:05:30+05:00",
    "2025-10-06",
]


class Listening(Door):
    """Keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Read] = []

    def receive(self, sender, events):
        self.events += events
        return super().receive(sender, events)


def rows(tmp_path: Path, content: str, kind: Kind = ABSENCES) -> list[Read]:
    (tmp_path / "f.csv").write_text(content, newline="")
    door = Listening()
    import_file(tmp_path / "f.csv", kind, cast(Any, door), refused_path=tmp_path / "refused.csv")
    return door.events


def last(tmp_path: Path, header: str, *lines: str) -> Read:
    """What the last line says, when nothing ends it."""
    return rows(tmp_path, "\n".join((header, *lines)))[-1]


def refused(read: Read, column: str) -> bool:
    return isinstance(read, Refusal) and (read.field, read.code) == (column, Code.MAYBE_CUT)


@pytest.mark.parametrize("moment", MOMENTS)
def test_wherever_it_is_cut_a_row_is_refused_or_says_what_it_said(tmp_path: Path, moment: str):
    above, whole = f"{DAY};maladie;{moment}", f"{DAY};famille;{moment}"
    said = last(tmp_path, f"{HEADER};maj", above, whole)
    assert isinstance(said, Draft)
    for end in range(1, len(whole)):
        read = last(tmp_path, f"{HEADER};maj", above, whole[:end])
        assert isinstance(read, Refusal) or (read.data == said.data and _near(read, said)), whole[:end]


def _near(read: Draft, said: Draft) -> bool:
    """The fractions of a second may be lost."""
    assert read.time is not None
    assert said.time is not None
    return read.time.replace(microsecond=0) == said.time.replace(microsecond=0)


@pytest.mark.parametrize("moment", ["2025-10-06", "06/10/2025", ""])
def test_a_day_without_a_time_may_be_cut(tmp_path: Path, moment: str):
    assert refused(last(tmp_path, f"{HEADER};maj", f"{DAY};;{moment}"), "maj")
    assert refused(last(tmp_path, f"{HEADER};maj", f"{DAY};;5/10/2025 10:05", f"{DAY};;{moment}"), "maj")


@pytest.mark.parametrize(
    "motif", ["ma", "m", "rendez-vous m", "Mala", "sort", "porte ouv", "portes ouv", "dentis", "convo"]
)
def test_a_motif_that_may_become_a_known_one_may_be_cut(tmp_path: Path, motif: str):
    assert refused(last(tmp_path, HEADER, f"{DAY};{motif}"), "motif")
    assert isinstance(rows(tmp_path, f"{HEADER}\n{DAY};{motif}\n")[0], Draft)


@pytest.mark.parametrize(
    "motif", ["", "maladie", "bus", "raison personnelle", "autre", "inconnu", "retard", "RAS", "sans motif", "divers"]
)
def test_a_whole_motif_needs_no_line_end(tmp_path: Path, motif: str):
    assert isinstance(last(tmp_path, HEADER, f"{DAY};{motif}"), Draft)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ";", ";;\n"])
def test_what_something_follows_is_whole(tmp_path: Path, end: str):
    assert isinstance(rows(tmp_path, f"{HEADER};maj\n{DAY};ma;2025-10-06{end}")[0], Draft)
    assert isinstance(rows(tmp_path, f"{HEADER}\n{DAY};ma{end}")[0], Draft)


def test_what_is_between_quotes_is_whole(tmp_path: Path):
    assert isinstance(last(tmp_path, f"{HEADER};maj", f'{DAY};;"2025-10-06"'), Draft)
    assert isinstance(last(tmp_path, HEADER, f'{DAY};"ma"'), Draft)


def test_an_empty_value_may_be_cut_where_the_line_above_has_one(tmp_path: Path):
    header, row = "ine;uai;date;demi_journee;motif;justifiee", f"{INE};{UAI};06/10/2025;M;;"
    assert refused(last(tmp_path, header, f"{row}O", row), "justifiee")
    assert isinstance(last(tmp_path, header, row, row), Draft)
    header, row = ";".join(STUDENTS.columns), f"{INE};{UAI};MARTIN-EXEMPLE;Camille;;;;"
    assert refused(rows(tmp_path, f"{header}\n{row}apprenti\n{row}", STUDENTS)[-1], "statut")
    assert isinstance(rows(tmp_path, f"{header}\n{row}\n{row}", STUDENTS)[-1], Draft)


def test_a_column_that_is_not_read_may_be_cut(tmp_path: Path):
    assert isinstance(last(tmp_path, f"{HEADER};remarque", f"{DAY};maladie;ma"), Draft)
    students = rows(tmp_path, f"{';'.join(STUDENTS.columns)};motif\n{INE};{UAI};;;;;;;ma", STUDENTS)
    assert isinstance(students[0], Draft)


def test_what_is_wrong_besides_is_said_first(tmp_path: Path):
    read = last(tmp_path, HEADER, f"{INE};{UAI};06/13/2025;M;O;ma")
    assert isinstance(read, Refusal)
    assert read.code is Code.BAD_DATE
