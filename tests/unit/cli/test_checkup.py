"""What the doctor makes of numbers and of the directory."""

from datetime import date

import pytest

from cli.checkup import numbers
from cli.checkup.directory import uncovered
from cli.checkup.findings import Verdict
from cli.checkup.versions import compare
from cli.main import COMMANDS
from contracts.directory import Actor, Role, School, SchoolType

QUIET = """
perseverance_reader_oldest_seconds{consumer="alerts-school",partition="3"} 0
perseverance_relay_distance{stream="ALERTS"} 0
perseverance_mails{state="sent"} 812
perseverance_mails{state="uncertain"} 0
perseverance_schools_silent 0
"""


def verdicts(*pages: str) -> dict[str, tuple[Verdict, str]]:
    read = {str(number): numbers.read(page) for number, page in enumerate(pages)}
    return {finding.check: (finding.verdict, finding.detail) for finding in numbers.judge(read)}


def test_where_nothing_waits_all_is_well() -> None:
    found = verdicts(QUIET)
    assert {verdict for verdict, _ in found.values()} == {Verdict.ok}
    assert "e-mails refused" not in found, "what nobody shows is not judged"


@pytest.mark.parametrize(
    ("line", "check", "verdict", "detail"),
    [
        (
            'perseverance_reader_oldest_seconds{consumer="alerts-school",partition="4"} 61',
            "messages wait",
            Verdict.warn,
            "alerts-school: the oldest for 61 s",
        ),
        (
            'perseverance_reader_oldest_seconds{consumer="alerts-school",partition="4"} 1800',
            "messages wait",
            Verdict.fail,
            "alerts-school: the oldest for 30 minutes",
        ),
        ('perseverance_mails{state="uncertain"} 2', "e-mails uncertain", Verdict.warn, "2"),
        (
            "perseverance_schools_silent 3",
            "schools silent",
            Verdict.warn,
            "3 with pupils sent nothing for days of class",
        ),
        (
            "perseverance_deadlines_aside 1",
            "deadlines aside",
            Verdict.fail,
            "1 parcours or delays could not be decided upon",
        ),
    ],
)
def test_the_worst_of_all_replicas_counts(line: str, check: str, verdict: Verdict, detail: str) -> None:
    assert verdicts(QUIET, line)[check] == (verdict, detail)


def test_every_command_of_a_remedy_exists() -> None:
    for rule in numbers.RULES:
        for words in rule.remedy.split("perseverance ")[1:]:
            assert words.split()[0] in COMMANDS, rule.remedy


def builds(**versions: str) -> dict[str, numbers.Samples]:
    line = 'perseverance_build_info{{version="{}"}} 1'
    return {name: numbers.read(line.format(version) if version else QUIET) for name, version in versions.items()}


def test_all_of_one_version_is_well() -> None:
    (finding,) = compare(builds(alerts="1.2.0", intake="1.2.0"), own="1.2.0")
    assert (finding.verdict, finding.detail) == (Verdict.ok, "1.2.0, services and this command")
    assert list(compare({}, own="1.2.0")) == [], "nothing is said of what nobody shows"


def test_a_service_of_another_version_is_named() -> None:
    (finding,) = compare(builds(alerts="1.1.0", intake="1.2.0", parcours=""), own="1.2.0")
    assert finding.verdict is Verdict.warn
    assert finding.detail == "alerts is 1.1.0, parcours is of a version that does not say; this command is 1.2.0"
    assert "Upgrade" in finding.remedy


def test_a_command_of_another_version_than_all_services_is_named() -> None:
    (finding,) = compare(builds(alerts="1.2.0", intake="1.2.0"), own="1.3.0")
    assert finding.verdict is Verdict.warn


def test_a_school_without_somebody_in_charge_today_is_found() -> None:
    schools = [
        School(uai=uai, name="Lycée", type=SchoolType.LGT, department="031", basin="BEF1")
        for uai in ("0310000G", "0310001H")
    ]
    head = Actor(id="head-1", name="Tête", email="t@example.org", role=Role.CHEF_ETAB, territory="0310000G")
    gone = Actor(
        id="head-2",
        name="Partie",
        email="p@example.org",
        role=Role.CHEF_ETAB,
        territory="0310001H",
        until=date(2025, 8, 31),
    )
    assert uncovered(schools, [head, gone], Role.CHEF_ETAB, date(2025, 10, 6)) == ["0310001H"]
    assert uncovered(schools, [head, gone], Role.CHEF_ETAB, date(2025, 8, 1)) == []
