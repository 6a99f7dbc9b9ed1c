"""A whole suite, run by `perseverance up` as people run it, with a directory and a sender of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.load import SCHOOLS_PER_NETWORK

SENDER = "chaos"
WATCHER = "veille"  # sees every school, and is told of nothing: each network has a coordinator of its own
ACADEMY = "16"
COMMAND = str(Path(sys.executable).parent / "perseverance")
_KNOWN_S = 60.0
# Nobody waits a quarter of an hour here for a second attempt.
QUICK = {
    "PERSEVERANCE_RETRY_FIRST_S": "1",
    "PERSEVERANCE_RETRY_LONGEST_S": "5",
    "PERSEVERANCE_ATTEMPT_LEASE_S": "5",
    "PERSEVERANCE_SMTP_TIMEOUT_S": "5",
}


@dataclass(frozen=True)
class Suite:
    """A suite that is up, under `data`."""

    data: Path
    url: str
    key: str
    schools: Sequence[str] = ()

    @property
    def runtime(self) -> dict[str, Any]:
        """Where everything is."""
        found: dict[str, Any] = json.loads((self.data / "runtime.json").read_text())
        return found

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Every item of a list of the API, page after page."""
        headers = {"Authorization": f"Bearer {command(self.data, 'token', '--actor', WATCHER)}"}
        cursor: str | None = ""
        while cursor is not None:
            query = {"page_size": "500", **({"cursor": cursor} if cursor else {})}
            answer = httpx.get(f"{self.url}/api/v1/{path}", params=query, headers=headers, timeout=30)
            answer.raise_for_status()
            page = answer.json()
            yield from page["items"]
            cursor = page["next_cursor"]

    def each(self, path: str, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Each of these as the API shows it in full."""
        headers = {"Authorization": f"Bearer {command(self.data, 'token', '--actor', WATCHER)}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as client:
            for wanted in ids:
                yield client.get(f"/api/v1/{path}/{wanted}").raise_for_status().json()

    def wait_known(self) -> None:
        """Return once the pages know WATCHER: on a busy machine that may be later than `directory load` waits."""
        headers = {"Authorization": f"Bearer {command(self.data, 'token', '--actor', WATCHER)}"}
        limit = time.monotonic() + _KNOWN_S
        while not (answer := httpx.get(f"{self.url}/api/v1/me", headers=headers, timeout=30)).is_success:
            if time.monotonic() > limit:
                answer.raise_for_status()
            time.sleep(0.1)

    def captured(self) -> Iterator[str]:
        """The Message-ID of each e-mail that reached its relay."""
        for path in (self.data / "mail").rglob("*.eml"):
            yield str(message_from_bytes(path.read_bytes())["Message-ID"])


def command(data: Path, *arguments: str, limit_s: float = 300, environment: Mapping[str, str] | None = None) -> str:
    """What `perseverance --data DIR ...` prints. Raises CalledProcessError."""
    done = subprocess.run(
        [COMMAND, "--data", str(data), *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=limit_s,
        env={**os.environ, **(environment or QUICK)},
    )
    return done.stdout.strip()


def head_of(uai: str) -> str:
    """The id of the head of a school."""
    return f"chef-{uai}"


def cpe_of(uai: str) -> str:
    """The id of its CPE."""
    return f"cpe-{uai}"


def coordinator_of(schools: Sequence[str], uai: str) -> str:
    """The id of the MLDS coordinator of its network."""
    return f"mlds-{schools.index(uai) // SCHOOLS_PER_NETWORK}"


def register_sender(suite: Suite, environment: Mapping[str, str]) -> str:
    """The key of a school system that may send for every school."""
    added = command(suite.data, "senders", "add", SENDER, "--all", "--json", environment=environment)
    return str(json.loads(added)["key"])


def load_directory(suite: Suite, environment: Mapping[str, str]) -> None:
    """Tell the suite of its schools, and who is in charge of each."""
    data, schools = suite.data, suite.schools
    lines = ["uai;nom;type;departement;bassin;reseau_foquale;psad;cio;mission_locale;zone"]
    people = ["id;nom;email;role;territoire;du;au", f"{WATCHER};Veille;veille@example.org;COORD_MLDS;{ACADEMY};;"]
    for number, uai in enumerate(schools):
        network = f"R{number // SCHOOLS_PER_NETWORK}"
        lines.append(f"{uai};Lycée {number};LP;031;;{network};;;;C")
        people.append(f"{head_of(uai)};Chef {number};{head_of(uai).lower()}@example.org;CHEF_ETAB;{uai};;")
        people.append(f"{cpe_of(uai)};CPE {number};{cpe_of(uai).lower()}@example.org;CPE;{uai};;")
    for uai in schools[::SCHOOLS_PER_NETWORK]:
        actor = coordinator_of(schools, uai)
        territory = f"R{schools.index(uai) // SCHOOLS_PER_NETWORK}"
        people.append(f"{actor};Coordination {territory};{actor}@example.org;COORD_MLDS;{territory};;")
    (data / "schools.csv").write_text("\n".join(lines) + "\n")
    (data / "actors.csv").write_text("\n".join(people) + "\n")
    files = ("--schools", str(data / "schools.csv"), "--actors", str(data / "actors.csv"))
    command(data, "directory", "load", *files, environment=environment)
