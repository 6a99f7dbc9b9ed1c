"""The workload of the benchmarks is what it says it is."""

from itertools import islice

from benchmarks.workload import Workload
from tests.oracle import standing_alerts


def test_an_absence_is_written_as_the_contract_writes_it() -> None:
    for absence in islice(Workload(300), 300):
        assert absence.to_json() == absence.to_envelope().to_json()


def test_the_same_seed_draws_the_same_events_and_another_draws_others() -> None:
    assert list(Workload(500, seed=3)) == list(Workload(500, seed=3))
    assert list(Workload(500, seed=3)) != list(Workload(500, seed=4))


def test_a_small_workload_is_about_the_first_pupils_of_a_large_one() -> None:
    small, large = Workload(400), Workload(4000)
    assert len(list(small)) == 400
    assert {absence.student for absence in small} <= {absence.student for absence in large}


def test_a_year_is_shaped_as_the_rule_book_counts_it() -> None:
    workload = Workload(40_000)
    absences = list(workload)
    assert 0.2 < sum(not absence.justified for absence in absences) / len(absences) < 0.3
    alerts = standing_alerts(absence.to_fact() for absence in absences)
    pupil_months = workload.pupils * 10
    reached = {level: sum(key.level == level for key in alerts) / pupil_months for level in (1, 2)}
    assert 0.03 < reached[1] < 0.08  # NAT-02: 7 %
    assert 0.003 < reached[2] < 0.015  # NAT-05: about 1 %
