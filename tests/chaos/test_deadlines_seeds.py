"""Seeds that found a fault once, run again in short form: `make test-long` has them."""

import pytest

from tests.chaos.deadlines.run import Size, run

SEEDS = (1,)
SHORT = Size(deadlines=3_000, workers=4, kills=6, batch=25)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_deadline_fires_once_and_none_early_whoever_dies(seed: int) -> None:
    report = run(SHORT, seed)
    assert not report.faults, (report.wrong, report.data)
    assert report.fired.total() > SHORT.deadlines / 2
    assert report.waiting, "nothing fell due in the three days without anybody"
    assert report.in_the_middle, "nobody was killed with something in hand"
    assert report.acts["extend done"], "nobody extended anything"
