"""The synthetic year has the shapes of NAT-02 to NAT-06, at several seeds, within stated tolerances."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache

import pytest

from cli.simulator.absences import month_of_absences
from cli.simulator.academy import build
from cli.simulator.calendar import by_month, teaching_half_days
from contracts.directory import SchoolType

SURVEYED = (9, 10, 11, 12, 1, 2, 3, 4, 5)  # months the national survey speaks of
SEEDS = (1, 2026)


@dataclass
class Counts:
    """Half-days of class and those missed; pupil-months and those of absentees."""

    half_days: int = 0
    missed: int = 0
    unjustified: int = 0
    pupil_months: int = 0
    absentees: int = 0
    heavy: int = 0


@dataclass
class Year:
    whole: Counts = field(default_factory=Counts)
    by_month: dict[int, Counts] = field(default_factory=lambda: defaultdict(Counts))
    by_type: dict[SchoolType, Counts] = field(default_factory=lambda: defaultdict(Counts))
    absentees_of: Counter[str] = field(default_factory=Counter)


@cache
def year(seed: int, schools: int = 120, students: int = 8000) -> Year:
    academy = build(schools, students, seed)
    found = Year()
    for month, half_days in by_month(teaching_half_days("2025-2026")).items():
        for school in academy.schools:
            rng = random.Random(f"{seed}/{school.uai}/{month}")
            for pupil in academy.pupils[school.uai]:
                spells = month_of_absences(pupil, school, half_days, rng)
                missed = sum(len(spell.half_days) for spell in spells)
                unjustified = sum(len(spell.half_days) for spell in spells if spell.category is None)
                surveyed = month in SURVEYED
                found.absentees_of[school.uai] += surveyed and unjustified >= 4
                for counts in (found.whole, found.by_month[month], found.by_type[school.type]):
                    counts.half_days += len(half_days)
                    counts.missed += missed
                    counts.unjustified += unjustified
                    counts.pupil_months += surveyed
                    counts.absentees += surveyed and unjustified >= 4
                    counts.heavy += surveyed and unjustified >= 10
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_lost_time_is_7_7_percent_of_which_1_9_unjustified(seed: int) -> None:
    whole = year(seed).whole
    assert whole.missed / whole.half_days == pytest.approx(0.077, abs=0.006)
    assert whole.unjustified / whole.half_days == pytest.approx(0.019, abs=0.003)


@pytest.mark.parametrize("seed", SEEDS)
def test_lost_time_is_least_in_colleges_and_most_in_lycees_professionnels(seed: int) -> None:
    by_type = year(seed).by_type
    lost = {kind: counts.missed / counts.half_days for kind, counts in by_type.items()}
    assert lost[SchoolType.CLG] == pytest.approx(0.070, abs=0.005)
    assert lost[SchoolType.LGT] == pytest.approx(0.088, abs=0.009)
    assert lost[SchoolType.LP] == pytest.approx(0.104, abs=0.015)


@pytest.mark.parametrize("seed", SEEDS)
def test_seven_percent_of_pupils_are_absentees_in_a_month_and_one_percent_heavy_ones(seed: int) -> None:
    whole = year(seed).whole
    assert whole.absentees / whole.pupil_months == pytest.approx(0.07, abs=0.01)
    assert whole.heavy / whole.pupil_months == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize("seed", SEEDS)
def test_absentees_by_kind_of_school(seed: int) -> None:
    rates = {kind: c.absentees / c.pupil_months for kind, c in year(seed).by_type.items() if c.pupil_months}
    assert rates[SchoolType.CLG] == pytest.approx(0.049, abs=0.008)
    assert rates[SchoolType.LGT] == pytest.approx(0.087, abs=0.015)
    assert rates[SchoolType.LPO] == pytest.approx(0.087, abs=0.015)
    assert rates[SchoolType.LP] == pytest.approx(0.167, abs=0.025)


@pytest.mark.parametrize("seed", SEEDS)
def test_absenteeism_is_low_in_september_and_peaks_in_march(seed: int) -> None:
    months = year(seed).by_month
    rates = {month: months[month].absentees / months[month].pupil_months for month in SURVEYED}
    assert min(rates, key=lambda month: rates[month]) == 9
    assert max(rates, key=lambda month: rates[month]) == 3
    assert rates[9] == pytest.approx(0.036, abs=0.012)
    assert rates[3] == pytest.approx(0.12, abs=0.025)
    assert rates[5] == pytest.approx(0.109, abs=0.025)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_absences_are_few_in_september_and_most_in_december(seed: int) -> None:
    months = year(seed).by_month
    lost = {month: months[month].missed / months[month].half_days for month in (9, 12, 3)}
    assert lost[9] == pytest.approx(0.045, abs=0.008)
    assert lost[12] == pytest.approx(0.098, abs=0.012)
    assert lost[3] == pytest.approx(0.092, abs=0.015)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_worst_tenth_of_the_schools_holds_half_of_the_absentees(seed: int) -> None:
    held = sorted(year(seed).absentees_of.values(), reverse=True)
    assert sum(held[: len(held) // 10]) / sum(held) == pytest.approx(0.50, abs=0.06)


def test_a_small_academie_is_uneven_too() -> None:
    held = sorted(year(3, schools=20, students=3000).absentees_of.values(), reverse=True)
    assert sum(held[:2]) / sum(held) == pytest.approx(0.50, abs=0.12)


def test_names_have_the_apostrophe_of_the_house() -> None:
    academy = build(200, 8000, 1)
    names = {each.name for each in (*academy.schools, *academy.actors)}
    assert any("d’Autan" in name for name in names)
    assert not [name for name in names if "'" in name]
