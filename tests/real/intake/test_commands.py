"""The command line: import, senders, register erase. Exit codes, what is printed, what never is."""

import asyncio
import errno
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import nats
import pytest

from cli import main, output
from cli.directory_bucket import load_directory
from services.intake import senders
from services.intake.refused_rows import RefusedRows
from tests.real.intake.test_accepting import ledger, register, send
from tests.unit.intake.given import INE, SCHOOLS, UAI, absence

HEADER = "ine;uai;date;demi_journee;justifiee;motif"
GOOD = f"{INE};{UAI};06/10/2025;M;N;"
SUNDAY = f"{INE};{UAI};12/10/2025;M;N;"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def suite(nats_url: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def load() -> None:
        client = await nats.connect(nats_url)
        await load_directory(client.jetstream(), SCHOOLS.values(), [])
        await client.close()

    asyncio.run(load())
    monkeypatch.setenv("NATS_URL", nats_url)
    monkeypatch.setenv("DATABASE_URL", postgres_url)


@pytest.fixture
def run(suite: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `perseverance`; its exit code, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["perseverance", "--data", str(tmp_path / "none"), *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        output.console.cache_clear()
        try:
            main.main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        printed = capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    return command


def file_of(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "absences.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_import_without_refusals_ends_with_0(run: Run, tmp_path: Path, database):
    code, _, told = run("import", "absences", str(file_of(tmp_path, HEADER, GOOD)))
    assert code == 0, told
    assert "1 rows, 1 accepted, 0 already known, 0 refused" in told
    assert len(ledger(database)) == 1
    code, _, told = run("import", "absences", str(tmp_path / "absences.csv"))
    assert (code, len(ledger(database))) == (0, 1)


def test_a_header_alone_is_told_and_ends_with_0(run: Run, tmp_path: Path):
    code, _, told = run("import", "absences", str(file_of(tmp_path, "sep=;", HEADER)))
    assert code == 0, told
    assert "0 rows" in told
    assert "no row under the header: check" in told
    assert "no row" not in run("import", "absences", str(file_of(tmp_path, HEADER, SUNDAY)))[2]


def test_refused_rows_are_listed_beside_the_file_and_it_ends_with_3(run: Run, tmp_path: Path):
    code, out, told = run("import", "absences", str(file_of(tmp_path, HEADER, SUNDAY, GOOD)), "--json")
    assert code == 3
    listed = tmp_path / "absences.csv.refused.csv"
    assert str(listed) in told
    assert listed.read_text("utf-8-sig").splitlines() == ["ligne;colonne;raison", "2;date;ce jour est un dimanche"]
    assert json.loads(out)["codes"] == {"sunday": 1}


def test_the_list_of_refused_rows_can_go_elsewhere(run: Run, tmp_path: Path):
    elsewhere = tmp_path / "refus.csv"
    file = str(file_of(tmp_path, HEADER, SUNDAY))
    assert run("import", "absences", file, "--refused", str(elsewhere))[0] == 3
    assert elsewhere.exists()
    assert not (tmp_path / "absences.csv.refused.csv").exists()


def test_a_dry_run_keeps_nothing(run: Run, tmp_path: Path, database):
    code, _, told = run("import", "absences", str(file_of(tmp_path, HEADER, SUNDAY, GOOD)), "--dry-run")
    assert code == 3
    assert "1 would be accepted" in told
    assert ledger(database) == []


@pytest.mark.parametrize("refused", ["absences.csv", "other.csv", "nowhere/refus.csv", ""])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_refused_rows_that_cannot_be_listed_there_end_with_2_before_anything(
    run: Run, tmp_path: Path, database, refused: str, dry: tuple[str, ...]
):
    file, other = file_of(tmp_path, HEADER, SUNDAY, GOOD), tmp_path / "other.csv"
    other.write_text("kept\n")
    code, out, told = run("import", "absences", str(file), "--refused", str(tmp_path / refused), *dry)
    assert (code, out, told.count("\n")) == (2, "", 1)
    assert (file.read_text(), other.read_text()) == (f"{HEADER}\n{SUNDAY}\n{GOOD}\n", "kept\n")
    assert ledger(database) == []


def test_a_disk_that_is_full_is_one_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(RefusedRows, "add", full)
    code, out, told = run("import", "absences", str(file_of(tmp_path, HEADER, SUNDAY)))
    assert (code, out, told.count("\n"), "No space left" in told) == (1, "", 1, True)


def test_pupils_are_imported_too(run: Run, tmp_path: Path, database):
    header = "ine;uai;nom;prenom;date_naissance;classe;mef;statut"
    file = file_of(tmp_path, header, f"{INE};{UAI};MARTIN;Zoé;03/02/2009;2A;;scolaire")
    assert run("import", "students", str(file))[0] == 0
    assert register(database)[0][2] == "MARTIN"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        (HEADER.replace(";motif", "") + "\n", "missing column motif"),
        (HEADER.replace(";", ",") + "\n", "the separator is a comma"),
        (f"{GOOD}\n{GOOD}\n", "is not the header"),
    ],
)
def test_an_unusable_file_ends_with_2_and_says_why(run: Run, tmp_path: Path, content: str, says: str):
    path = tmp_path / "f.csv"
    path.write_text(content)
    code, out, told = run("import", "absences", str(path))
    assert code == 2
    assert says in told
    assert INE not in told + out


def test_a_file_that_is_not_there_ends_with_2(run: Run, tmp_path: Path):
    code, _, told = run("import", "absences", str(tmp_path / "no.csv"))
    assert (code, "there is no file" in told) == (2, True)


def test_without_servers_it_ends_with_4(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    assert run("import", "absences", str(file_of(tmp_path, HEADER, GOOD)))[0] == 4


def test_the_key_of_a_sender_is_printed_once_and_only_its_hash_kept(run: Run, database):
    code, out, _ = run("senders", "add", "pronote-31", "--uai", f"{UAI},0090001C")
    assert code == 0
    key = out.strip()
    with database.transaction() as tx:
        found = senders.by_key(tx, key)
        tx.execute("SELECT row_to_json(senders)::text FROM senders")
        (kept,) = tx.fetchone()
    assert found is not None
    assert (found.name, found.uais) == ("pronote-31", {UAI, "0090001C"})
    assert key not in kept
    assert key not in "".join(run("senders", "list")[1:])


def test_senders_are_listed_and_revoked(run: Run):
    run("senders", "add", "a", "--all")
    assert "every school\tactive" in run("senders", "list")[1]
    assert run("senders", "add", "a", "--all")[0] == 5
    assert run("senders", "revoke", "a")[0] == 0
    assert "revoked" in run("senders", "list")[1]
    assert run("senders", "revoke", "a")[0] == 1
    assert run("senders", "add", "a", "--all")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [("x",), ("x", "--all", "--uai", UAI), ("x", "--uai", "0310000A"), ("x", "--uai", " , "), ("Not A Name", "--all")],
)
def test_a_sender_that_makes_no_sense_ends_with_2(run: Run, arguments: tuple[str, ...]):
    assert run("senders", "add", *arguments)[0] == 2
    assert run("senders", "list")[1] == ""


def test_pupils_are_erased_by_ine_from_the_standard_input(run: Run, intake, sender, database):
    send(intake, sender, absence())
    code, _, told = run("register", "erase", "--ine", "-", "--dry-run", stdin=f"{INE}\n")
    assert (code, "1 would be erased" in told) == (0, True)
    assert run("register", "erase", "--ine", "-", stdin=f"{INE}\n")[0] == 2  # nobody confirmed
    assert register(database)[0][0] == INE
    code, out, told = run("register", "erase", "--ine", "-", "--yes", "--json", stdin=f"{INE}\n000000000AB\n")
    assert code == 0
    assert (json.loads(out)["asked"], json.loads(out)["found"], len(json.loads(out)["erased"])) == (2, 1, 1)
    assert INE not in out + told
    assert register(database)[0][0] is None


def test_pupils_are_erased_by_pseudonym(run: Run, intake, sender, database):
    send(intake, sender, absence())
    assert run("register", "erase", "--student", str(register(database)[0][4]), "--yes")[0] == 0
    assert register(database)[0][0] is None


def test_an_ine_in_the_arguments_is_refused(run: Run):
    code, _, told = run("register", "erase", "--ine", INE, "--yes")
    assert code == 2
    assert INE not in told


def test_one_wrong_ine_erases_nobody(run: Run, intake, sender, database):
    send(intake, sender, absence())
    code, _, told = run("register", "erase", "--ine", "-", "--yes", stdin=f"{INE}\nrien\n")
    assert (code, "line 2" in told) == (2, True)
    assert register(database)[0][0] == INE
