"""Where the doctor asks services whether they are ready."""

from pathlib import Path

import pytest

from cli.checkup.addresses import addresses, unnamed
from cli.errors import CliError, ExitCode
from cli.runtime import Suite
from contracts.catalogue import SERVICES

HERE = Suite(Path("var"), "nats://127.0.0.1", "postgresql://", services={"alerts": {"port": 4001}})


def test_what_somebody_says_goes_before_what_up_noted() -> None:
    assert addresses(HERE) == {"alerts": "http://127.0.0.1:4001"}
    assert addresses(HERE, "intake=https://intake.example.org/, alerts-2=http://10.0.0.7:8080,") == {
        "intake": "https://intake.example.org",
        "alerts-2": "http://10.0.0.7:8080",
    }


def test_services_of_which_nobody_spoke_are_named() -> None:
    assert set(unnamed({"intake": "", "alerts-2": ""})) == {*SERVICES} - {"intake", "alerts"}


@pytest.mark.parametrize(
    "given",
    [
        "alerts",
        "alerts=alerts:8080",
        "alert=http://alerts",
        "alerts=http://user:ZZ-CANARY-ZZ@alerts",
        "alerts=http://alerts;intake=http://intake",
    ],
)
def test_another_form_is_refused_without_a_word_of_it(given: str) -> None:
    with pytest.raises(CliError) as refused:
        addresses(HERE, given)
    assert refused.value.code is ExitCode.SETTINGS
    assert "CANARY" not in str(refused.value)
