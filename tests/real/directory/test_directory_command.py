"""`perseverance directory` against a real server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from chassis.embedded import free_port
from chassis.nats import Nats
from cli.directory_bucket import load_directory, read_directory
from cli.errors import CliError, ExitCode
from cli.main import app
from contracts.directory import Role
from tests.unit.notifications.given import actor, school

SCHOOLS = (
    "uai;nom;type;departement;bassin;reseau_foquale;psad;cio;mission_locale;zone\n"
    "0310000G;Lycée Les Coteaux;LGT;31;B1;R1;;;;C\n"
    "0319001R;Collège du Pont;COLLEGE;31;B1;R1;;;;C\n"
)
ACTORS = (
    "id;nom;email;role;territoire;du;au\n"
    "head-1;Camille Évrard;camille@example.org;CHEF_ETAB;0310000G;01/09/2020;\n"
    "mlds-1;Dominique Aït;dominique@example.org;COORD_MLDS;R1;;\n"
)

Run = Callable[..., Result]


@pytest.fixture
def run(nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NATS_URL", nats_url)
    monkeypatch.setenv("DATABASE_URL", "unused")
    monkeypatch.setattr("cli.directory_bucket.SEEN_S", 0)  # there are no services

    def run(*arguments: str, schools: str = SCHOOLS, actors: str = ACTORS, encoding: str = "utf-8") -> Result:
        (tmp_path / "schools.csv").write_bytes(schools.encode(encoding))
        (tmp_path / "actors.csv").write_bytes(actors.encode(encoding))
        return CliRunner().invoke(app, ["--data", str(tmp_path), "directory", *arguments])

    return run


@pytest.fixture
def load(run: Run, tmp_path: Path) -> Run:
    def load(*more: str, **files: str) -> Result:
        arguments = ["load", "--schools", str(tmp_path / "schools.csv"), "--actors", str(tmp_path / "actors.csv")]
        return run(*arguments, "--json", *more, **files)

    return load


def report(result: Result) -> dict[str, int]:
    counts: dict[str, int] = json.loads(result.stdout.splitlines()[-1])
    return counts


def listed(run: Run, *options: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads(run("list", "--json", *options).stdout)
    return found


def test_load_then_list_and_show(run: Run, load: Run) -> None:
    result = load(encoding="iso-8859-15")
    assert result.exit_code == 0
    assert report(result) == {"written": 4, "unchanged": 0, "stale": 0, "removed": 0, "refused": 0}
    assert [entry["name"] for entry in listed(run)["schools"]] == ["Lycée Les Coteaux", "Collège du Pont"]
    assert [entry["id"] for entry in listed(run, "--role", "coord_mlds")["actors"]] == ["mlds-1"]
    shown = json.loads(run("show", "0310000G", "--json").stdout)
    assert [entry["id"] for entry in shown["actors"]] == ["head-1", "mlds-1"]
    shown = json.loads(run("show", "mlds-1", "--json").stdout)
    assert [entry["uai"] for entry in shown["schools"]] == ["0310000G", "0319001R"]
    assert "Lycée Les Coteaux" in run("show", "0310000G").stderr
    assert run("show", "nobody").exit_code != 0


def test_a_department_is_found_however_it_is_written(run: Run, load: Run) -> None:
    result = load(actors=ACTORS.replace("COORD_MLDS;R1", "COORD_MLDS;031"))
    assert "hold" not in result.stderr
    for written in ("31", "031"):
        assert len(listed(run, "--territory", written)["schools"]) == 2
    assert [entry["id"] for entry in json.loads(run("show", "0319001R", "--json").stdout)["actors"]] == ["mlds-1"]


def test_loading_the_same_again_changes_nothing(load: Run) -> None:
    assert "time to read it" in load().stderr
    again = load()
    assert report(again) == {"written": 0, "unchanged": 4, "stale": 0, "removed": 0, "refused": 0}
    assert "time to read it" not in again.stderr


def test_only_what_changed_is_written(load: Run) -> None:
    load()
    assert report(load(actors=ACTORS.replace("camille@", "evrard@")))["written"] == 1


def test_what_is_in_neither_file_stays_until_replaced(run: Run, load: Run) -> None:
    load()
    shorter = "\n".join(ACTORS.splitlines()[:2]) + "\n"
    kept = load(actors=shorter)
    assert report(kept) == {"written": 0, "unchanged": 3, "stale": 1, "removed": 0, "refused": 0}
    assert "--replace" in kept.stderr
    assert len(listed(run)["actors"]) == 2
    assert report(load("--replace", actors=shorter))["removed"] == 1
    assert [entry["id"] for entry in listed(run)["actors"]] == ["head-1"]


def test_bad_lines_are_listed_and_do_not_stop_the_good_ones(run: Run, load: Run) -> None:
    load()
    result = load(
        "--replace",
        schools=SCHOOLS + "0310000A;CANARY;LGT;31;;;;;;C\n",
        actors=ACTORS
        + "x;CANARY;CANARY;CPE;0310000G;;\n"
        + "y;CANARY;canary@[example.org;CPE;0310000G;;\n"
        + "new;Nom;new@example.org;CPE;0310000G;;\n",
    )
    assert result.exit_code == ExitCode.PARTIAL
    assert report(result) == {"written": 1, "unchanged": 4, "stale": 0, "removed": 0, "refused": 3}
    text = " ".join(result.stderr.split())
    assert (
        "schools.csv: line 4, column uai: the check letter of this UAI is wrong" in text or "line 4, column uai" in text
    )
    for line in (4, 5):
        assert f"actors.csv: line {line}, column email: not an e-mail address" in text
    assert "canary" not in result.output.lower()


def test_nothing_is_removed_because_of_a_line_in_error(run: Run, load: Run) -> None:
    load()
    result = load("--replace", actors=ACTORS.replace("dominique@example.org", "dominique"))
    assert result.exit_code == ExitCode.PARTIAL
    assert report(result)["removed"] == 0
    assert len(listed(run)["actors"]) == 2


def test_a_territory_that_holds_no_school_is_pointed_out(load: Run) -> None:
    result = load(actors=ACTORS.replace("COORD_MLDS;R1", "COORD_MLDS;R7"))
    assert result.exit_code == 0
    assert "lines 3" in " ".join(result.stderr.split())


def test_a_code_of_a_department_and_of_an_academie_is_pointed_out_to_whoever_gave_it_to_somebody(
    run: Run, load: Run
) -> None:
    """Aude is 11, and so is the académie of Montpellier: who is in charge of one would be of both."""
    schools = SCHOOLS.replace("zone\n", "zone;academie\n").replace(";C\n", ";C;11\n").replace("LGT;31;", "LGT;11;")
    result = load(schools=schools, actors=ACTORS.replace("CHEF_ETAB;0310000G", "DASEN;11"))
    assert result.exit_code == 0
    assert "both a département and an académie: lines 2" in " ".join(result.stderr.split())
    assert {entry["academy"] for entry in listed(run)["schools"]} == {"11"}
    apart = load(schools=schools.replace(";C;11", ";C;AC-11"), actors=ACTORS.replace("CHEF_ETAB;0310000G", "DASEN;11"))
    assert "both" not in apart.stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"schools": ""}, "empty"),
        ({"actors": ACTORS.replace(";", ",")}, "semicolon"),
        ({"schools": SCHOOLS.replace("reseau_foquale;", "")}, "missing column reseau_foquale"),
    ],
)
def test_an_unusable_file_changes_nothing(run: Run, load: Run, files: dict[str, str], said: str) -> None:
    result = load(**files)
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.USAGE
    assert said in str(result.exception)
    assert listed(run) == {"schools": [], "actors": []}


def test_no_server(load: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", f"nats://127.0.0.1:{free_port()}")
    result = load()
    assert isinstance(result.exception, CliError)
    assert result.exception.code is ExitCode.UNREACHABLE


async def test_in_process_for_the_demo(nats_url: str) -> None:
    nats = Nats(nats_url, "test")
    await nats.connect()
    steps: list[tuple[int, int]] = []
    people = [actor(f"a{number}", Role.CPE) for number in range(1200)]
    done = await load_directory(nats.js, [school()], people, progress=lambda *step: steps.append(step))
    assert done.written == 1201
    assert steps[-1] == (1201, 1201)
    schools, actors = await read_directory(nats.js)
    assert (len(schools), len(actors)) == (1, 1200)
    again = await load_directory(nats.js, [school()], [], replace=True)
    assert (again.unchanged, again.removed) == (1, 1200)
    await nats.close()
