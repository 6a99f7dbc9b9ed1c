"""Files as schools export them: encodings, separators, quotes, lines cut short."""

import os
from pathlib import Path

import pytest

from services.intake.codes import Code
from services.intake.csv_lines import CsvFile, Line, UnusableFileError

COLUMNS = ("ine", "nom", "motif")
CANARY = "ZZCANARIZZ"


def lines(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> list[Line]:
    path = tmp_path / "f.csv"
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    with CsvFile(path, COLUMNS) as file:
        return list(file)


def faults(found: list[Line]) -> list[tuple[int, Code | None]]:
    return [(line.number, line.fault) for line in found]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-15", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, end: str):
    found = lines(tmp_path, end.join(["ine;nom;motif", "1;Hélène Œuvrard;à l'été", "2;b;c", ""]), encoding)
    assert [line.values["nom"] for line in found] == ["Hélène Œuvrard", "b"]
    assert faults(found) == [(2, None), (3, None)]


def test_the_euro_sign_of_iso_8859_15(tmp_path: Path):
    assert lines(tmp_path, "ine;nom;motif\n1;é;5 €\n", "iso-8859-15")[0].values["motif"] == "5 €"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-15"])
def test_the_only_accent_is_the_last_character(tmp_path: Path, encoding: str):
    found = lines(tmp_path, "ine;nom;motif\n1;b;congé", encoding)
    assert (found[0].values["motif"], found[0].fault) == ("congé", None)


def test_one_damaged_line_does_not_change_the_encoding_of_the_others(tmp_path: Path):
    content = "ine;nom;motif\n1;Hélène;x\n2;Chloé;x\n".encode() + b"3;Zo\xe9;x\n"
    found = lines(tmp_path, content)
    assert [line.values["nom"] for line in found[:2]] == ["Hélène", "Chloé"]
    assert faults(found) == [(2, None), (3, None), (4, Code.UNREADABLE_CHARACTER)]


def test_headers_are_read_whatever_their_case_accents_and_order(tmp_path: Path):
    found = lines(tmp_path, ' Motif ;"INE";Nom;autre;;\na;1;n;z;;\n')
    assert found[0].values | {"autre": "z"} == {"motif": "a", "ine": "1", "nom": "n", "autre": "z"}
    assert found[0].fault is None


@pytest.mark.parametrize(
    "before", ["\n", ";;\n", "  \r\n\n", "sep=;\n", "SEP=;\r\n", '"sep=;"\n', "sep=;;;\n", "\nsep=;\n"]
)
def test_what_spreadsheets_put_before_the_header_is_passed_over_and_counted(tmp_path: Path, before: str):
    found = lines(tmp_path, f"{before}ine;nom;motif\n1;b;c\n", "utf-8-sig")
    assert found == [Line(before.count("\n") + 2, {"ine": "1", "nom": "b", "motif": "c"})]


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path):
    assert faults(lines(tmp_path, "ine;nom;motif\n\n1;b;c\n;;\n   \n2;b;c")) == [(3, None), (6, None)]


def test_quoted_cells_may_hold_separators_quotes_and_line_ends(tmp_path: Path):
    found = lines(tmp_path, 'ine;nom;motif\n1;"a;b";"dit ""non""\nou oui"\n2;b;c\n')
    assert found[0].values == {"ine": "1", "nom": "a;b", "motif": 'dit "non"\nou oui'}
    assert faults(found) == [(2, None), (4, None)]


def test_quotes_inside_a_cell_are_only_quotes(tmp_path: Path):
    assert lines(tmp_path, 'ine;nom;motif\n1;b;dit "non" fort\n')[0].values["motif"] == 'dit "non" fort'


@pytest.mark.parametrize("other", ["3;b;c", '3;b;"c', '3;"b";c', '3;b;dit "c"'])
def test_a_quote_never_closed_spoils_its_line_only(tmp_path: Path, other: str):
    found = lines(tmp_path, f'ine;nom;motif\n1;b;"c\n2;b;c\n{other}\n4;b;c\n')
    assert (2, Code.UNCLOSED_QUOTE) in faults(found)
    assert {3, 5} <= {line.number for line in found if line.fault is None}
    assert len(found) == 4


def test_too_few_and_too_many_values(tmp_path: Path):
    found = lines(tmp_path, "ine;nom;motif\n1;b\n2;b;c;d\n3;b;c;;\n4;b;c\n")
    assert faults(found) == [(2, Code.TOO_FEW_COLUMNS), (3, Code.TOO_MANY_COLUMNS), (4, None), (5, None)]


def test_a_truncated_last_line(tmp_path: Path):
    assert faults(lines(tmp_path, "ine;nom;motif\n1;b;c\n2;b")) == [(2, None), (3, Code.TRUNCATED_LINE)]


def test_a_file_cut_inside_a_character(tmp_path: Path):
    found = lines(tmp_path, "ine;nom;motif\n1;b;c\n2;b;été".encode()[:-1])
    assert faults(found) == [(2, None), (3, Code.UNREADABLE_CHARACTER)]


@pytest.mark.parametrize("last", ["congé", "cœ", "l’"])
def test_a_file_cut_inside_its_only_accent(tmp_path: Path, last: str):
    found = lines(tmp_path, f"ine;nom;motif\n1;b;c\n2;b;{last}".encode()[:-1])
    assert faults(found) == [(2, None), (3, Code.UNREADABLE_CHARACTER)]


def test_a_nul_character(tmp_path: Path):
    assert faults(lines(tmp_path, "ine;nom;motif\n1;b\0;c\n2;b;c\n")) == [(2, Code.NUL), (3, None)]


def test_a_line_beyond_all_reason(tmp_path: Path):
    found = lines(tmp_path, f"ine;nom;motif\n1;b;{'c' * 300_000}\n2;b;c\n3;{'b' * 70_000}\n4;b;c\n")
    assert faults(found) == [(2, Code.LINE_TOO_LONG), (3, None), (4, Code.LINE_TOO_LONG), (5, None)]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_motif_beyond_all_reason_is_not_taken_for_one(tmp_path: Path, end: str):
    assert faults(lines(tmp_path, f"ine;nom;motif\n1;b;{'c' * 100_000}{end}")) == [(2, Code.LINE_TOO_LONG)]
    assert faults(lines(tmp_path, f'ine;nom;motif\n1;b;"{"c" * 100_000}"{end}')) == [(2, Code.LINE_TOO_LONG)]
    assert faults(lines(tmp_path, f"ine;nom;motif\n1;b;{'c' * 60_000}{end}")) == [(2, None)]


def test_a_cell_on_several_lines_has_none_beyond_all_reason(tmp_path: Path):
    found = lines(tmp_path, f'ine;nom;motif\n1;b;"c\n{"d" * 100_000}\ne"\n2;b;c\n')
    assert faults(found)[0] == (2, Code.UNCLOSED_QUOTE)
    assert (3, Code.LINE_TOO_LONG) in faults(found)
    assert faults(found)[-1] == (5, None)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"ine;nom\n1;2\n", "missing column motif"),
        (b"ine\n", "missing column nom, motif"),
        (b"ine,nom,motif\n1,2,3\n", "the separator is a comma"),
        (b"ine\tnom\tmotif\n", "the separator is a tab"),
        (b"ine;nom;motif;nom\n", "a column appears twice"),
        (f"{CANARY};1;2\n".encode(), "line 1 is not the header"),
        (f"{CANARY},1,2\n".encode(), "the separator is a comma"),
        (f"\nsep=;\n{CANARY};1;2\n".encode(), "line 3 is not the header"),
        (b"sep=;\n", "there is no header"),
        (b"\nine;nom\n1;2\n", "line 2: missing column motif"),
        (b"sep=,\nine,nom,motif\n1,2,3\n", "line 2: the separator is a comma"),
        ("ine;nom;motif\n".encode("utf-16"), "written in UTF-16"),
        (b"PK\x03\x04xxxx", "a spreadsheet"),
    ],
)
def test_a_file_that_is_not_usable_says_why(tmp_path: Path, content: bytes, says: str):
    with pytest.raises(UnusableFileError, match=says) as caught:
        lines(tmp_path, content)
    assert CANARY not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(UnusableFileError, match="there is no file"):
        CsvFile(tmp_path / "no.csv", COLUMNS)
    with pytest.raises(UnusableFileError, match="cannot be read"):
        CsvFile(tmp_path, COLUMNS)


def test_a_pipe_is_not_read(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/null")):
        with pytest.raises(UnusableFileError, match="save it to a file first"):
            CsvFile(path, COLUMNS)


def test_a_header_alone_holds_no_line(tmp_path: Path):
    assert lines(tmp_path, "ine;nom;motif\n") == []
