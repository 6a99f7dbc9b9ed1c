"""Several processes of each service: each has a name of its own, and they are checked as the service they are."""

from pathlib import Path

from cli.settings import check
from cli.supervisor.engines import Servers
from cli.supervisor.programs import CATCHER, Options, programs
from contracts.catalogue import SERVICES

SECRETS = {"PERSEVERANCE_TOKEN_SECRET": "0" * 43}


def of(replicas: int) -> list[tuple[str, str, dict[str, str]]]:
    options = Options(Path("var"), 8000, replicas=replicas)
    servers = Servers("nats://127.0.0.1:4222", "postgresql:///x")
    parts = programs(options, "http://127.0.0.1:8000", servers, SECRETS)
    check({part.service: part.environment for part in parts if part.name != CATCHER})
    return [(part.name, part.service, dict(part.environment)) for part in parts if part.name != CATCHER]


def test_one_process_of_each_does_not_wait_for_others_to_notice_that_it_leaves() -> None:
    assert [name for name, _, _ in of(1)] == list(SERVICES)
    assert {environment["PERSEVERANCE_LEAVE_S"] for _, _, environment in of(1)} == {"0"}


def test_each_replica_has_its_own_name_and_port_and_leaves_slowly() -> None:
    parts = of(3)
    assert len(parts) == 3 * len(SERVICES)
    for name in ("PERSEVERANCE_MEMBER", "PERSEVERANCE_PORT"):
        assert len({environment[name] for _, _, environment in parts}) == len(parts)
    assert all("PERSEVERANCE_LEAVE_S" not in environment for _, _, environment in parts)
    assert {service for _, service, _ in parts} == set(SERVICES)
