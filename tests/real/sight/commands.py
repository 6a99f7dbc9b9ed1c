"""Every command of `perseverance` on the suite that is watched, in an order in which each has something to say."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chassis.credentials import new_seed, public_key
from cli.errors import ExitCode
from tests.real.cli.running import perseverance
from tests.real.sight.school import ELSEWHERE, FREE, HEAD, INE, MAILBOX, UAI, Watched
from tests.real.sight.wrong import a_stream_ahead_of_its_log


@dataclass(frozen=True)
class Run:
    """A command, how it must end so that it has said what it has to say, and what it is given to read."""

    words: str
    code: int = ExitCode.OK
    given: str = ""


DOCTOR_FAILS = 2
AT_WORK = (
    Run("doctor", DOCTOR_FAILS),
    Run("wait --timeout 60"),
    Run("settings"),
    Run("provision"),
    Run(f"token --actor {HEAD.id}"),
    Run(f"senders add zz --uai {UAI}"),
    Run("senders list"),
    Run("senders revoke zz"),
    Run("keys make {directory}/keys"),
    Run("keys next {directory}/keys alerts"),
    Run("keys switch {directory}/keys alerts"),
    Run("keys sender {directory}/keys vs {key}"),
    Run("keys dismiss {directory}/keys vs"),
    Run("directory load --schools {directory}/schools.csv --actors {directory}/actors.csv", ExitCode.PARTIAL),
    Run("quarantine list"),
    Run("quarantine show {entry}"),
    Run("quarantine replay {entry}", ExitCode.PARTIAL),
    Run("quarantine drop {entry} --yes"),
    Run("streams verify"),
    Run("streams remake"),
    Run("rebuild"),
    Run("backup {directory}/saved"),
    Run("rehearse {directory}/saved", ExitCode.FAILURE),
    Run("--data {directory}/restored restore {directory}/saved"),
    Run("register erase --ine - --dry-run", given=INE),
    Run("register erase --ine - --yes", ExitCode.USAGE, f"{INE}\n{ELSEWHERE}"),
    Run("register erase --ine - --yes --json", given=INE),
    Run("simulate --schools 1 --students 20 --until 2025-09-05"),
)
WITH_A_STREAM_AHEAD = (Run("streams verify", ExitCode.FAILURE), Run("streams rewind"))
SHOWING_ADDRESSES = (Run("directory list"), Run(f"directory show {HEAD.id}"))
"""The addresses of staff are what these are asked for; nothing about a pupil."""

NOT_HERE = {
    "up": "it is the suite that is looked at: its logs are, and those of all it starts",
    "demo": "it starts a suite of its own, all of whose pupils are invented",
    "import students": "among what goes wrong, where its rows are refused",
    "import absences": "among what goes wrong, where its rows are refused",
}


async def of_commands(watched: Watched, directory: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What those who look after the suite are told, and the manifest of a backup; its dump holds the register.

    Apart from it, what is told by those commands that show addresses of staff.
    """
    _write_directory(directory)
    about = {"directory": str(directory), "entry": _put_aside(watched), "key": public_key(new_seed())}
    addresses = await _told(watched, SHOWING_ADDRESSES, about)
    found = await _told(watched, AT_WORK, about)
    differ = [line for line in found["perseverance rehearse {directory}/saved"].splitlines() if "DIFFERS" in line]
    # Where a message stood that no log knew, none grows back.
    assert ["stream SCHOOL" in line for line in differ] == [True], differ
    await a_stream_ahead_of_its_log(watched)
    ahead = await _told(watched, WITH_A_STREAM_AHEAD, about)
    assert "1 messages taken out" in ahead["perseverance streams rewind"]
    manifest = (directory / "saved" / "manifest.json").read_text()
    return {**found, **{f"{name}, ahead": said for name, said in ahead.items()}, "manifest": manifest}, addresses


async def _told(watched: Watched, runs: tuple[Run, ...], about: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for run in runs:
        words = run.words.format(**about).split()
        answer = await asyncio.to_thread(perseverance, watched.suite.data, *words, limit=240, given=run.given)
        said = answer.stdout + answer.stderr
        assert answer.returncode == run.code, f"{run.words}: {answer.returncode}: {said}"
        assert "Traceback" not in said
        found[f"perseverance {run.words}"] = said
    return found


def _put_aside(watched: Watched) -> str:
    """The message that was put in quarantine before."""
    with psycopg.connect(watched.suite.runtime["database_url"]) as connection:
        (entry,) = connection.execute("SELECT max(id) FROM alerts.quarantine").fetchone() or (None,)
    assert entry
    return f"alerts/{entry}"


def _write_directory(directory: Path) -> None:
    """The school again, somebody more in charge of it, and lines that are refused."""
    schools = ("uai;nom;type;departement;bassin;reseau_foquale;psad;cio;mission_locale;zone",)
    schools += (f"{UAI};Lycée Les Coteaux;LGT;031;;R1;;;;", f"{ELSEWHERE};{FREE};{ELSEWHERE};031;;;;;;")
    actors = ("id;nom;email;role;territoire;du;au",)
    actors += (f"cpe-2;Camille Dupont;{MAILBOX}.2@example.org;CPE;{UAI};;",)
    actors += (f"cpe-3;{FREE};{MAILBOX};CPE;{UAI};;", f"cpe-4;{FREE};{MAILBOX}@example.org;{ELSEWHERE};{UAI};;")
    (directory / "schools.csv").write_text("\n".join(schools) + "\n")
    (directory / "actors.csv").write_text("\n".join(actors) + "\n")
