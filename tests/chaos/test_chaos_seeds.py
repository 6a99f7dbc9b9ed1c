"""Seeds that found a fault once, run again in short form: `python -m pytest -m chaos`."""

import pytest

from tests.chaos.run import run

SEEDS = (1,)


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_random_the_suite_ends_where_the_oracle_does(seed: int) -> None:
    report = run(kills=10, events=2_000, seed=seed)
    assert report.standing
    assert not report.faults, report.complaints
