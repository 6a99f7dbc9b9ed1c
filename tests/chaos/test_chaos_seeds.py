"""Seeds that found a fault once, run again in short form: `make test-long` has them."""

import pytest

from tests.chaos.kinds import KINDS
from tests.chaos.run import run

SEEDS = (("kill", 1), ("restored", 7))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "seed"), SEEDS)
def test_whatever_breaks_the_suite_ends_where_the_oracle_does(name: str, seed: int) -> None:
    report = run(KINDS[name], KINDS[name].SHORT, seed)
    assert report.standing
    assert not report.faults, report.complaints
