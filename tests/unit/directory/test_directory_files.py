"""The directory's two files: each line an entry, or a reason that quotes nothing."""

from datetime import date
from pathlib import Path

import pytest

from cli.directory_files import ACTOR_COLUMNS, SCHOOL_COLUMNS, read_actors, read_schools
from contracts.directory import Role, SchoolType

SCHOOL = ["0310000G", "Lycée Les Coteaux", "LGT", "31", "B1", "R1", "P1", "C1", "ML1", "C"]
ACTOR = ["cpe-1", "Camille Évrard", "camille@example.org", "CPE", "0310000G", "01/09/2025", "2026-08-31"]


def schools(tmp_path: Path, *lines: list[str]) -> Path:
    return _write(tmp_path / "schools.csv", SCHOOL_COLUMNS, lines)


def actors(tmp_path: Path, *lines: list[str]) -> Path:
    return _write(tmp_path / "actors.csv", ACTOR_COLUMNS, lines)


def _write(path: Path, columns: tuple[str, ...], lines: tuple[list[str], ...]) -> Path:
    path.write_text("\n".join(";".join(line) for line in (list(columns), *lines)) + "\n")
    return path


def changed(line: list[str], columns: tuple[str, ...], **values: str) -> list[str]:
    return [values.get(column, value) for column, value in zip(columns, line, strict=True)]


def test_a_school(tmp_path: Path) -> None:
    school = read_schools(schools(tmp_path, SCHOOL)).entries["0310000G"]
    assert (school.name, school.type, school.department, school.network) == ("Lycée Les Coteaux", "LGT", "31", "R1")
    assert (school.mission_locale, school.zone, school.academy) == ("ML1", "C", "16")


def test_what_a_school_does_not_have_may_be_empty(tmp_path: Path) -> None:
    line = changed(SCHOOL, SCHOOL_COLUMNS, bassin="", reseau_foquale="", psad="", cio="", mission_locale="", zone="")
    school = read_schools(schools(tmp_path, line)).entries["0310000G"]
    assert school.network is None
    assert school.zone == "C"


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("COLLEGE", "CLG"),
        ("legt", "LGT"),
        ("collège", "CLG"),
        ("clg", "CLG"),
        ("LP", "LP"),
        ("lgt", "LGT"),
        ("Lpo", "LPO"),
        ("EREA", "EREA"),
        ("cfa", "CFA"),
    ],
)
def test_types_as_people_write_them(tmp_path: Path, written: str, kind: str) -> None:
    line = changed(SCHOOL, SCHOOL_COLUMNS, type=written)
    assert read_schools(schools(tmp_path, line)).entries["0310000G"].type is SchoolType(kind)


SPELLINGS = [
    *(("09", written) for written in ("9", "09", "009")),
    *(("31", written) for written in ("31", "031")),
    *(("2A", written) for written in ("2A", "2a", "02A", "02a")),
    *(("2B", written) for written in ("2B", "2b", "02b")),
    ("974", "974"),
]


@pytest.mark.parametrize(("department", "written"), SPELLINGS)
def test_departments_that_a_spreadsheet_took_for_numbers(tmp_path: Path, written: str, department: str) -> None:
    line = changed(SCHOOL, SCHOOL_COLUMNS, departement=written)
    assert read_schools(schools(tmp_path, line)).entries["0310000G"].department == department


@pytest.mark.parametrize(("department", "of_person"), SPELLINGS)
def test_whoever_has_a_department_covers_its_schools_however_each_file_writes_it(
    tmp_path: Path, department: str, of_person: str
) -> None:
    line = changed(ACTOR, ACTOR_COLUMNS, role="DASEN", territoire=of_person)
    person = read_actors(actors(tmp_path, line)).entries["cpe-1"]
    for of_school in (written for code, written in SPELLINGS if code == department):
        found = read_schools(schools(tmp_path, changed(SCHOOL, SCHOOL_COLUMNS, departement=of_school)))
        assert person.covers(found.entries["0310000G"])


@pytest.mark.parametrize(
    ("written", "academy"), [("16", "16"), ("", "16"), ("9", "09"), ("013", "13"), ("AC-LYON", "AC-LYON")]
)
def test_the_academie_is_a_column_that_may_be_left_out(tmp_path: Path, written: str, academy: str) -> None:
    path = _write(tmp_path / "schools.csv", (*SCHOOL_COLUMNS, "Académie"), ([*SCHOOL, written],))
    found = read_schools(path).entries["0310000G"]
    assert found.academy == academy
    line = changed(ACTOR, ACTOR_COLUMNS, role="RECTEUR", territoire=written or "16")
    assert read_actors(actors(tmp_path, line)).entries["cpe-1"].covers(found)


def test_an_academie_in_error_says_so(tmp_path: Path) -> None:
    path = _write(tmp_path / "schools.csv", (*SCHOOL_COLUMNS, "academie"), ([*SCHOOL, "CANARY !"],))
    (refused,) = read_schools(path).refused
    assert (refused.line, refused.column) == (2, "academie")
    assert "CANARY" not in str(refused)


@pytest.mark.parametrize(
    "territory", ["FOQUALE-31-1", "foquale-31-1", "B-09", "2Abis", "0312", "31001", "x2a", "0310000G", "16"]
)
def test_other_territories_are_kept_as_they_are_written(tmp_path: Path, territory: str) -> None:
    person = read_actors(actors(tmp_path, changed(ACTOR, ACTOR_COLUMNS, territoire=territory))).entries["cpe-1"]
    assert person.territory == territory


def test_a_school_may_be_written_in_small_letters(tmp_path: Path) -> None:
    person = read_actors(actors(tmp_path, changed(ACTOR, ACTOR_COLUMNS, territoire="0310000g"))).entries["cpe-1"]
    assert person.territory == "0310000G"


@pytest.mark.parametrize(
    ("role", "column"),
    [
        ("RESP_FOQUALE", "reseau_foquale"),
        ("COORD_MLDS", "bassin"),
        ("DCIO", "cio"),
        ("DCIO", "psad"),
        ("MISSION_LOCALE", "mission_locale"),
    ],
)
@pytest.mark.parametrize("code", ["7", "007", "2a", "0312"])
def test_a_code_that_is_a_number_means_the_same_in_both_files(
    tmp_path: Path, role: str, column: str, code: str
) -> None:
    person = read_actors(actors(tmp_path, changed(ACTOR, ACTOR_COLUMNS, role=role, territoire=code))).entries["cpe-1"]
    line = changed(SCHOOL, SCHOOL_COLUMNS, **{column: code})
    assert person.covers(read_schools(schools(tmp_path, line)).entries["0310000G"])


def test_somebody_in_charge(tmp_path: Path) -> None:
    actor = read_actors(actors(tmp_path, ACTOR)).entries["cpe-1"]
    assert (actor.role, actor.territory) == (Role.CPE, "0310000G")
    assert (actor.since, actor.until) == (date(2025, 9, 1), date(2026, 8, 31))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("uai", "0310000A"),
        ("uai", "CANARY"),
        ("uai", ""),
        ("nom", ""),
        ("nom", "CANARY" * 50),
        ("type", "CANARY"),
        ("departement", "CANARY !"),
        ("departement", ""),
        ("reseau_foquale", "CANARY !"),
        ("zone", "D"),
    ],
)
def test_a_school_in_error_says_where_and_why_and_the_others_are_read(tmp_path: Path, column: str, value: str) -> None:
    other = changed(SCHOOL, SCHOOL_COLUMNS, uai="0319001R")
    found = read_schools(schools(tmp_path, changed(SCHOOL, SCHOOL_COLUMNS, **{column: value}), other))
    (refused,) = found.refused
    assert (refused.line, refused.column) == (2, column)
    assert refused.reason
    assert "CANARY" not in str(refused)
    assert list(found.entries) == ["0319001R"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "CANARY !"),
        ("id", ""),
        ("nom", " "),
        ("email", "CANARY"),
        ("email", "CANARY@"),
        ("email", "é@example.org"),
        ("email", "a@b@example.org"),
        ("email", "a@[example.org"),
        ("role", "CANARY"),
        ("territoire", "CANARY !"),
        ("territoire", ""),
        ("du", "CANARY"),
        ("au", "31/02/2026"),
        ("au", "31/08/2025"),
    ],
)
def test_a_person_in_error_too(tmp_path: Path, column: str, value: str) -> None:
    other = changed(ACTOR, ACTOR_COLUMNS, id="cpe-2")
    found = read_actors(actors(tmp_path, changed(ACTOR, ACTOR_COLUMNS, **{column: value}), other))
    (refused,) = found.refused
    assert (refused.line, refused.column) == (2, column)
    assert "CANARY" not in str(refused)
    assert list(found.entries) == ["cpe-2"]


def test_the_same_id_twice_is_said_with_its_first_line(tmp_path: Path) -> None:
    found = read_actors(actors(tmp_path, ACTOR, changed(ACTOR, ACTOR_COLUMNS, nom="Autre")))
    assert found.entries["cpe-1"].name == "Camille Évrard"
    assert str(found.refused[0]) == "line 3, column id: already on line 2: a second appointment needs an id of its own"


def test_a_cut_last_line_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = actors(tmp_path, ACTOR)
    path.write_text(path.read_text() + "cpe-2;Dominique")
    found = read_actors(path)
    assert list(found.entries) == ["cpe-1"]
    assert "stops in the middle" in found.refused[0].reason
