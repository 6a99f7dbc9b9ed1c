"""CSV files as schools send them: read when they can be, and a clear word about where and why when they cannot."""

from datetime import date
from pathlib import Path

import pytest

from cli.csv_files import CsvFile, FieldError, Row, UnusableFileError, open_csv, parse_date
from cli.errors import ExitCode

HEADER = "uai;nom;ville"
CANARY = "CANARY"


@pytest.fixture
def opened(tmp_path: Path) -> "Opener":
    return Opener(tmp_path / "file.csv")


class Opener:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, content: str | bytes, encoding: str = "utf-8") -> CsvFile:
        self.path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return open_csv(self.path, ("uai", "nom", "ville"))

    def fault(self, content: str | bytes) -> str:
        with pytest.raises(UnusableFileError) as caught:
            self(content)
        assert caught.value.code is ExitCode.USAGE
        assert CANARY not in str(caught.value)
        return str(caught.value)


def good(file: CsvFile) -> list[dict[str, str]]:
    return [row.values for row in file if not row.fault]


def faults(file: CsvFile) -> dict[int, str]:
    return {row.line: row.fault for row in file if row.fault}


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("iso-8859-15", "iso-8859-15"), ("cp1252", "iso-8859-15")],
)
def test_accents_are_read_in_each_encoding(opened: Opener, encoding: str, found: str) -> None:
    file = opened(f"{HEADER}\r\n0310000G;Lycée Élie;Nîmes\r\n", encoding)
    assert good(file) == [{"uai": "0310000G", "nom": "Lycée Élie", "ville": "Nîmes"}]
    assert file.encoding == found


def test_windows_own_letters_are_read(opened: Opener) -> None:
    file = opened(f"{HEADER}\n1;L’Œuvre…;x\n", "cp1252")
    assert good(file)[0]["nom"] == "L’Œuvre…"


def test_the_euro_and_oe_of_iso_8859_15(opened: Opener) -> None:
    assert good(opened(f"{HEADER}\n1;Sacré-Cœur €;x\n", "iso-8859-15"))[0]["nom"] == "Sacré-Cœur €"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end(opened: Opener, end: str) -> None:
    file = opened(end.join([HEADER, "1;a;b", "2;c;d", ""]))
    assert [row.line for row in file] == [2, 3]
    assert file.lines == 2


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", "sep=;;;"])
def test_the_line_that_tells_excel_the_separator_is_passed_over(opened: Opener, line: str) -> None:
    file = opened(f"{line}\r\n{HEADER}\r\n1;a;b\r\n2;c\r\n")
    assert [row.line for row in file] == [3, 4]
    assert good(file) == [{"uai": "1", "nom": "a", "ville": "b"}]
    assert list(faults(file)) == [4]
    assert opened.fault(f"{line}\n") == "file.csv is empty"


def test_columns_in_any_order_with_accents_capitals_and_spaces(opened: Opener) -> None:
    assert good(opened(" Ville ;NÔM;U-A-I;uai\nx;y;z;1\n"))[0]["uai"] == "1"


def test_more_columns_than_needed_are_kept(opened: Opener) -> None:
    assert good(opened(f"{HEADER};classe\n1;a;b;2GT3\n"))[0]["classe"] == "2GT3"


def test_separators_a_spreadsheet_leaves_at_the_end(opened: Opener) -> None:
    file = opened(f"{HEADER};;\n1;a;b;;\n;;;;\n\n2;c;d\n")
    assert [row.values["uai"] for row in file] == ["1", "2"]
    assert faults(file) == {}


def test_quoted_values_may_hold_separators_and_line_ends(opened: Opener) -> None:
    file = opened(f'{HEADER}\n1;"a;b";x\n2;"c\nd ""e""";y\n3;f;z\n')
    assert [(row.line, row.values["nom"]) for row in file] == [(2, "a;b"), (3, 'c\nd "e"'), (5, "f")]


def test_a_quote_that_is_never_closed_spoils_its_line_only(opened: Opener) -> None:
    file = opened(f'{HEADER}\n1;"a;x\n2;c;y\n3;O"Neil;z\n')
    assert list(faults(file)) == [2]
    assert [values["uai"] for values in good(file)] == ["2", "3"]


@pytest.mark.parametrize("line", ["1;a", "1", "1;a;b;c", "1;a;b;;;c"])
def test_a_line_of_another_width_is_told_apart(opened: Opener, line: str) -> None:
    file = opened(f"{HEADER}\n{line}\n2;c;d\n")
    assert "3 columns" in faults(file)[2]
    assert len(good(file)) == 1


def test_a_last_line_cut_while_copying(opened: Opener) -> None:
    file = opened(f"{HEADER}\n1;a;b\n2;c")
    assert "stops in the middle" in faults(file)[3]
    assert len(good(file)) == 1


def test_a_last_line_without_a_line_end_is_ordinary(opened: Opener) -> None:
    assert len(good(opened(f"{HEADER}\n1;a;b"))) == 1


def test_a_file_cut_inside_a_letter_keeps_the_accents_of_the_others(opened: Opener) -> None:
    content = f"{HEADER}\n1;Élie;b\n2;Zoé".encode()[:-1]
    file = opened(content)
    assert good(file)[0]["nom"] == "Élie"
    assert list(faults(file)) == [3]


def test_one_damaged_line_in_a_utf_8_file(opened: Opener) -> None:
    file = opened(f"{HEADER}\n1;Élie;b\n2;Zo".encode() + b"\xe9" + ";x\n3;Anaïs;y\n".encode())
    assert "UTF-8" in faults(file)[3]
    assert [values["nom"] for values in good(file)] == ["Élie", "Anaïs"]


def test_nul_is_refused(opened: Opener) -> None:
    assert "NUL" in faults(opened(f"{HEADER}\n1;a\0;b\n"))[2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n;;\n", "empty"),
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
def test_an_unusable_file_is_told_why(opened: Opener, content: str | bytes, said: str) -> None:
    assert said in opened.fault(content)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnusableFileError, match="no file"):
        open_csv(tmp_path / "none.csv", ("a",))
    with pytest.raises(UnusableFileError, match="cannot be read"):
        open_csv(tmp_path, ("a",))


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
