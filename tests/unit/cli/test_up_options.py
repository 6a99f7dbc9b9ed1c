"""What `perseverance up` is asked for, on its command line or in its environment, reaches the services."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import up
from cli.supervisor import suite
from cli.supervisor.engines import Servers
from cli.supervisor.programs import CATCHER, Options, programs


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """What would have been run."""
    asked: list[Options] = []

    async def run(options: Options) -> None:
        asked.append(options)

    monkeypatch.setattr(suite, "run", run)
    monkeypatch.delenv("PERSEVERANCE_DEMO", raising=False)
    return asked


def demos(options: Options) -> set[str]:
    """What the services are told of it."""
    parts = programs(options, "http://127.0.0.1:8000", Servers("nats://127.0.0.1:4222", "postgresql:///x"), {})
    return {part.environment["PERSEVERANCE_DEMO"] for part in parts if part.name != CATCHER}


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [([], "", "false"), (["--demo"], "", "true"), ([], "true", "true"), ([], "false", "false")],
)
def test_who_may_choose_an_identity_is_an_option_or_the_setting_of_the_pages(
    asked: list[Options], tmp_path: Path, arguments: list[str], environment: str, told: str
) -> None:
    done = CliRunner().invoke(up.app, ["--data", str(tmp_path), *arguments], env={"PERSEVERANCE_DEMO": environment})
    assert done.exit_code == 0, done.output
    assert [demos(options) for options in asked] == [{told}]
