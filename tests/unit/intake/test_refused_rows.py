"""The list of refused rows takes no file's place but that of an earlier list, and only when all is known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from services.intake.codes import Code
from services.intake.csv_lines import UnusableFileError
from services.intake.csv_rows import ABSENCES
from services.intake.importing import Summary, import_file
from services.intake.refused_rows import RefusedRows
from services.intake.verdicts import Refusal, Verdict
from tests.unit.intake.given import INE, UAI

HEADER = "ine;uai;date;demi_journee;justifiee;motif\n"
GOOD, WRONG = f"{INE};{UAI};06/10/2025;M;N;\n", f"{INE};{UAI};06/10/2025;soir;N;\n"
EARLIER = "\ufeffligne;colonne;raison\r\n9;ine;est obligatoire\r\n"


class Door:
    """Accepts every row that can be read; counts what it took."""

    def __init__(self, breaks: bool = False) -> None:
        self.taken = 0
        self._breaks = breaks

    def receive(self, _sender: object, events: Sequence[Any]) -> list[Verdict]:
        if self._breaks:
            raise ConnectionError
        self.taken += len(events)
        return self.preview(_sender, events)

    def preview(self, _sender: object, events: Sequence[Any], **_: object) -> list[Verdict]:
        return [
            Verdict(index, "refused", None, event) if isinstance(event, Refusal) else Verdict(index, "accepted")
            for index, event in enumerate(events)
        ]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "f.csv"
    path.parent.mkdir()
    return path


def imports(source: Path, listed: Path, *rows: str, dry_run: bool = False, door: Door | None = None) -> Summary:
    source.write_text(HEADER + "".join(rows))
    return import_file(source, ABSENCES, cast(Any, door or Door()), refused_path=listed, dry_run=dry_run)


def refuses(source: Path, listed: Path, says: str) -> None:
    """Nothing is taken, and the source stays what it was; in a dry run too."""
    for dry_run in (False, True):
        door = Door()
        with pytest.raises(UnusableFileError, match=says):
            imports(source, listed, GOOD, WRONG, dry_run=dry_run, door=door)
        assert door.taken == 0
        assert source.read_text() == HEADER + GOOD + WRONG


def test_the_source_itself_is_never_replaced(source: Path, tmp_path: Path):
    source.touch()
    refuses(source, source, "is the file to import")
    (tmp_path / "link.csv").symlink_to(source)
    refuses(source, tmp_path / "link.csv", "is the file to import")
    (tmp_path / "hard.csv").hardlink_to(source)
    refuses(source, tmp_path / "hard.csv", "is the file to import")


@pytest.mark.parametrize("content", ["ine;uai\n", "ligne;colonne;raisonnable\n", "\x00\xff", "\n"])
def test_a_file_of_somebody_else_is_not_replaced(source: Path, tmp_path: Path, content: str):
    other = tmp_path / "other.csv"
    other.write_text(content)
    refuses(source, other, "is no list of refused rows")
    assert other.read_text() == content


def test_where_no_list_can_be_is_said_before_anything_is_taken(source: Path, tmp_path: Path):
    refuses(source, tmp_path / "nowhere" / "r.csv", "No such file or directory")
    refuses(source, source / "r.csv", "Not a directory")
    refuses(source, tmp_path / ("r" * 300), "File name too long")
    refuses(source, tmp_path, "it is not a file")
    refuses(source, Path("/dev/null"), "it is not a file")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("before", [EARLIER, "ligne;colonne;raison\n", ""])
def test_the_list_of_an_earlier_run_is_replaced_or_removed(source: Path, tmp_path: Path, before: str):
    listed = tmp_path / "r.csv"
    listed.write_text(before)
    imports(source, listed, GOOD, WRONG)
    assert [line.split(";")[:2] for line in listed.read_text("utf-8-sig").splitlines()[1:]] == [["3", "demi_journee"]]
    assert imports(source, listed, GOOD).refused_file is None
    assert not listed.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_dry_run_removes_nothing(source: Path, tmp_path: Path):
    listed = tmp_path / "r.csv"
    listed.write_text(EARLIER)
    imports(source, listed, GOOD, dry_run=True)
    assert listed.read_text() == EARLIER.replace("\r", "")
    imports(source, listed, WRONG, dry_run=True)
    assert Code.BAD_HALF_DAY.reason.fr in listed.read_text()


def test_a_run_that_breaks_leaves_the_list_of_the_earlier_one(source: Path, tmp_path: Path):
    listed = tmp_path / "r.csv"
    listed.write_text(EARLIER)
    with pytest.raises(ConnectionError):
        imports(source, listed, WRONG, door=Door(breaks=True))
    assert listed.read_text() == EARLIER.replace("\r", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "r.csv"]


def test_through_a_link_the_list_it_leads_to_is_replaced(source: Path, tmp_path: Path):
    listed, link = tmp_path / "r.csv", tmp_path / "link.csv"
    link.symlink_to(listed)
    imports(source, link, WRONG)
    assert link.is_symlink()
    assert listed.exists()


def test_a_birth_long_ago_is_told_of_as_a_birth(source: Path, tmp_path: Path):
    source.touch()
    listed = tmp_path / "r.csv"
    with RefusedRows(listed, source) as rows:
        rows.add(2, Refusal("date_naissance", Code.TOO_OLD))
    assert "2;date_naissance;une date de naissance" in listed.read_text()
