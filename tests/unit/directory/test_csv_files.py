"""Files of the directory: read as those of schools are, and a clear word about where and why when they cannot be."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from cli.csv_files import FieldError, Row, UnusableFileError, parse_date, rows
from cli.errors import ExitCode

HEADER = "uai;nom;ville"
COLUMNS = HEADER.split(";")
CANARY = "CANARY"

Written = Callable[[str | bytes], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "file.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def unusable(path: Path) -> str:
    with pytest.raises(UnusableFileError) as caught:
        list(rows(path, COLUMNS))
    assert caught.value.code is ExitCode.USAGE
    assert CANARY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-15", "cp1252"])
def test_accents_are_read_in_each_encoding(written: Written, encoding: str) -> None:
    (row,) = rows(written(f"{HEADER}\r\n0310000G;Lycée Élie;Nîmes\r\n".encode(encoding)), COLUMNS)
    assert row == Row(2, {"uai": "0310000G", "nom": "Lycée Élie", "ville": "Nîmes"})


@pytest.mark.parametrize("above", ["sep=;", "SEP=;", "sep=;;;", ";;"])
def test_what_spreadsheets_put_above_the_header_is_passed_over_and_counted(written: Written, above: str) -> None:
    found = rows(written(f"{above}\r\n{HEADER};classe\r\n\r\n1;a;b;2GT3\r\n"), COLUMNS)
    assert list(found) == [Row(4, {"uai": "1", "nom": "a", "ville": "b", "classe": "2GT3"})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1;a", "fewer values than the 3 columns"),
        ("1;a;b;c", "more values than the 3 columns"),
        ('1;"a;b', "quotes"),
        ("1;a\0;b", "NUL"),
        (f"1;a;{'b' * 70_000}", "a line end missing"),
        (b"1;Zo\xe9;b", "not UTF-8"),
    ],
)
def test_a_line_that_is_wrong_is_told_and_the_others_are_read(written: Written, line: str | bytes, said: str) -> None:
    bad = line.encode() if isinstance(line, str) else line
    first, second, last = rows(written(f"{HEADER}\n0;Élie;b\n".encode() + bad + "\n2;Anaïs;d\n".encode()), COLUMNS)
    assert said in second.fault
    assert [(row.line, row.values["nom"], row.fault) for row in (first, last)] == [(2, "Élie", ""), (4, "Anaïs", "")]


def test_a_last_line_cut_while_copying(written: Written) -> None:
    assert [row.fault for row in rows(written(f"{HEADER}\n1;a;b"), COLUMNS)] == [""]
    _, last = rows(written(f"{HEADER}\n1;a;b\n2;c"), COLUMNS)
    assert "stops in the middle" in last.fault


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n;;\n", "there is no header"),
        (b"sep=;\n", "there is no header"),
        (HEADER.replace(";", ",") + f"\n1,{CANARY},b\n", "comma"),
        (HEADER.replace(";", "\t") + "\n", "tab"),
        ('"uai","nom","ville"\n"1","a","b"\n', "comma"),
        ("uai;nom\n1;a\n", "missing column ville"),
        (f"1;{CANARY};b\n2;c;d\n", "line 1 is not the header"),
        (f"uai;nom;ville;nom\n1;{CANARY};b;c\n", "twice"),
        (b"PK\x03\x04" + b"\0" * 50, "spreadsheet"),
        (HEADER.encode("utf-16"), "UTF-16"),
    ],
)
def test_an_unusable_file_is_told_why(written: Written, content: str | bytes, said: str) -> None:
    assert said in unusable(written(content))


def test_no_file(tmp_path: Path) -> None:
    assert "no file" in unusable(tmp_path / "none.csv")
    assert "cannot be read" in unusable(tmp_path)


def test_rows_do_not_show_their_values_when_printed() -> None:
    assert CANARY not in repr(Row(2, {"nom": CANARY}))


@pytest.mark.parametrize("text", ["06/10/2025", "6/10/2025", "2025-10-06"])
def test_dates_as_the_french_and_as_machines_write_them(text: str) -> None:
    assert parse_date(text, "date") == date(2025, 10, 6)


@pytest.mark.parametrize(
    "text", ["", "31/02/2025", "2025-13-01", "06-10-2025", "06/10/25", "demain", "2025-10-06T08:00", "٠٦/١٠/٢٠٢٥"]
)
def test_other_dates_are_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(FieldError) as caught:
        parse_date(text, "date")
    assert caught.value.column == "date"
    assert not text or text not in caught.value.reason
