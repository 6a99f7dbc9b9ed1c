"""Files of schools: the same file twice changes nothing, refused rows say where and why, the rest goes on."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.csv_lines import UnusableFileError
from services.intake.csv_rows import ABSENCES, STUDENTS, Kind
from services.intake.importing import Summary, import_file
from tests.real.intake.test_accepting import ledger, register
from tests.unit.intake.given import INE, UAI

ABSENCES_HEADER = "ine;uai;date;demi_journee;justifiee;motif"
STUDENTS_HEADER = "ine;uai;nom;prenom;date_naissance;classe;mef;statut"


class Office:
    """Someone who imports files."""

    def __init__(self, intake, tmp_path: Path) -> None:
        self._intake = intake
        self._path = tmp_path / "f.csv"
        self.refused_path = tmp_path / "f.csv.refused.csv"

    def imports(self, kind: Kind, content: str, encoding: str = "utf-8", *, dry_run: bool = False) -> Summary:
        self._path.write_bytes(content.encode(encoding))
        return import_file(self._path, kind, self._intake, refused_path=self.refused_path, dry_run=dry_run)

    def absences(self, *rows: str, header: str = ABSENCES_HEADER, dry_run: bool = False) -> Summary:
        return self.imports(ABSENCES, "\n".join((header, *rows)) + "\n", dry_run=dry_run)

    def students(self, *rows: str, header: str = STUDENTS_HEADER) -> Summary:
        return self.imports(STUDENTS, "\n".join((header, *rows)) + "\n")

    def refused(self) -> list[list[str]]:
        with self.refused_path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, delimiter=";"))


@pytest.fixture
def office(intake, tmp_path: Path) -> Office:
    return Office(intake, tmp_path)


def counts(summary: Summary) -> tuple[int, int, int]:
    return summary.accepted, summary.duplicates, summary.refused


def test_a_file_of_absences(office, database):
    summary = office.absences(f"{INE};{UAI};06/10/2025;M;N;", f"{INE};{UAI};2025-10-06;AM;O;certificat médical")
    assert counts(summary) == (2, 0, 0)
    assert not office.refused_path.exists()
    facts = ledger(database)
    assert [(f["data"]["half_day"]["period"], f["data"]["justified"]) for f in facts] == [
        ("MORNING", False),
        ("AFTERNOON", True),
    ]
    assert facts[1]["data"]["category"] == "HEALTH"


def test_the_same_file_twice_changes_nothing(office, database, clock):
    rows = [f"{i:09d}AB;{UAI};06/10/2025;M;N;maladie" for i in range(30)]
    assert counts(office.absences(*rows)) == (30, 0, 0)
    before = ledger(database), register(database)
    clock.advance(timedelta(days=3))
    assert counts(office.absences(*rows)) == (0, 30, 0)
    assert (ledger(database), register(database)) == before


def test_the_same_file_twice_changes_nothing_though_a_later_one_justified_some(office, database, clock):
    reported, justified = f"{INE};{UAI};06/10/2025;M;N;", f"{INE};{UAI};06/10/2025;M;O;famille"
    office.absences(reported)
    clock.advance(timedelta(days=1))
    assert counts(office.absences(justified)) == (1, 0, 0)
    before = ledger(database)
    clock.advance(timedelta(days=1))
    assert counts(office.absences(reported)) == (0, 1, 0)
    assert counts(office.absences(reported, justified)) == (0, 2, 0)
    assert ledger(database) == before
    first, second = (datetime.fromisoformat(fact["time"]) for fact in before)
    assert first < second  # the justification is the latest word


def test_in_one_file_the_last_row_about_a_half_day_is_the_latest_word(office, database):
    office.absences(f"{INE};{UAI};06/10/2025;M;N;", f"{INE};{UAI};06/10/2025;M;O;")
    first, second = ledger(database)
    assert datetime.fromisoformat(first["time"]) < datetime.fromisoformat(second["time"])
    assert second["data"]["justified"]


def test_with_its_moment_a_row_can_say_again_what_it_said_before(office, database):
    header = f"{ABSENCES_HEADER};maj"
    rows = [
        f"{INE};{UAI};06/10/2025;M;N;;07/10/2025 08:00",
        f"{INE};{UAI};06/10/2025;M;O;;08/10/2025 08:00",
        f"{INE};{UAI};06/10/2025;M;N;;09/10/2025 08:00",
    ]
    assert counts(office.absences(*rows, header=header)) == (3, 0, 0)
    assert counts(office.absences(*reversed(rows), header=header)) == (0, 3, 0)
    assert [fact["time"] for fact in ledger(database)] == [
        "2025-10-07T06:00:00Z",
        "2025-10-08T06:00:00Z",
        "2025-10-09T06:00:00Z",
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.sampled_from("MA"), st.sampled_from("ON")), max_size=6),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_the_files_all_of_them_again_change_nothing(office, database, clock, files):
    contents = [[f"{p:09d}AB;{UAI};06/10/2025;{half};{excused};" for p, half, excused in rows] for rows in files]
    for rows in contents:
        office.absences(*rows)
        clock.advance(timedelta(minutes=1))
    before = ledger(database)
    for rows in contents:
        assert counts(office.absences(*rows)) == (0, len(rows), 0)
    assert ledger(database) == before


def test_a_file_of_pupils(office, database):
    summary = office.students(f"{INE};{UAI};MARTIN;Zoé;03/02/2009;2MELEC;10310019110;apprenti")
    assert counts(summary) == (1, 0, 0)
    assert register(database)[0][:4] == (INE, UAI, "MARTIN", "2MELEC")
    (fact,) = ledger(database)
    assert fact["data"]["status"] == "APPRENTICE"
    assert "MARTIN" not in str(fact)


def test_a_pupil_who_changes_class_is_a_new_fact(office, database, clock):
    row = f"{INE};{UAI};MARTIN;Zoé;03/02/2009;{{}};;scolaire"
    assert counts(office.students(row.format("2A"))) == (1, 0, 0)
    clock.advance(timedelta(days=1))
    assert counts(office.students(row.format("2B"))) == (1, 0, 0)
    assert counts(office.students(row.format("2B"))) == (0, 1, 0)
    assert counts(office.students(row.format("2A"))) == (0, 1, 0)
    assert register(database)[0][3] == "2B"


def test_a_dry_run_gives_the_same_answers_and_keeps_nothing(office, database):
    rows = [f"{INE};{UAI};06/10/2025;M;N;"] * 2 + [f"{INE};{UAI};07/10/2025;M;N;", f"{INE};{UAI};12/10/2025;M;N;"]
    rows = [*rows, *[f"{i:09d}AB;{UAI};06/10/2025;M;N;" for i in range(1500)], *rows]
    dry = office.absences(*rows, dry_run=True)
    assert (ledger(database), register(database)) == ([], [])
    listed = office.refused()
    assert counts(office.absences(*rows)) == counts(dry)
    assert office.refused() == listed
    assert counts(dry) == (1502, 4, 2)
    assert counts(office.absences(*rows, dry_run=True)) == (0, 1506, 2)


def test_refused_rows_are_listed_with_line_column_and_reason_never_the_value(office):
    canary = "ZZCANARIZZ"
    summary = office.absences(
        f"{canary};{UAI};06/10/2025;M;N;",
        f"{INE};{canary};06/10/2025;M;N;",
        f"{INE};0310000A;06/10/2025;M;N;",
        f"{INE};0319999A;06/10/2025;M;N;",
        f"{INE};{UAI};{canary};M;N;",
        f"{INE};{UAI};12/10/2025;M;N;",
        f"{INE};{UAI};22/10/2025;M;N;",
        f"{INE};{UAI};17/11/2025;M;N;",
        f"{INE};{UAI};18/08/2025;M;N;",
        f"{INE};{UAI};06/10/2025;{canary};N;",
        f"{INE};{UAI};06/10/2025;M;{canary};",
        f"{INE};{UAI}",
        f"{INE};{UAI};06/10/2025;M;N;{canary};{canary}",
        f'{INE};{UAI};06/10/2025;M;N;"{canary}',
        f"{INE};{UAI};06/10/2025;M;N;",
    )
    assert counts(summary) == (1, 0, 14)
    header, *rows = office.refused()
    assert header == ["ligne", "colonne", "raison"]
    assert [(int(line), column) for line, column, _ in rows] == [
        (2, "ine"),
        (3, "uai"),
        (4, "uai"),
        (5, "uai"),
        (6, "date"),
        (7, "date"),
        (8, "date"),
        (9, "date"),
        (10, "date"),
        (11, "demi_journee"),
        (12, "justifiee"),
        (13, ""),
        (14, ""),
        (15, ""),
    ]
    assert all(reason for *_, reason in rows)
    assert canary not in office.refused_path.read_text()


def test_a_truncated_last_line_is_refused_and_the_rest_taken(office):
    content = f"{ABSENCES_HEADER}\n{INE};{UAI};06/10/2025;M;N;\n{INE};{UAI};07/10/20"
    assert counts(office.imports(ABSENCES, content)) == (1, 0, 1)
    assert office.refused()[1][:2] == ["3", ""]
    assert "coupé" in office.refused()[1][2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-15", "cp1252"])
def test_files_in_the_encodings_of_schools(office, database, encoding):
    content = f"{STUDENTS_HEADER}\r\n{INE};{UAI};ŒUVRARD;Hélène;;;;élève\r\n"
    summary = office.imports(STUDENTS, content, encoding)
    assert counts(summary) == (1, 0, 0)
    assert register(database)[0][2] == "ŒUVRARD"


def test_a_file_without_a_column(office):
    with pytest.raises(UnusableFileError, match="missing column motif"):
        office.absences(f"{INE};{UAI};06/10/2025;M;N", header="ine;uai;date;demi_journee;justifiee")


def test_a_later_run_without_refusals_removes_the_list_of_the_earlier_one(office):
    office.absences(f"{INE};{UAI};12/10/2025;M;N;")
    assert office.refused_path.exists()
    office.absences(f"{INE};{UAI};06/10/2025;M;N;")
    assert not office.refused_path.exists()
