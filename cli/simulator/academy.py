"""A synthetic académie: schools, people in charge, pupils (TER-01, TER-02, TER-06). Same seed, same one."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cli.simulator import people
from cli.simulator.rates import ABSENTEES, spread
from contracts.directory import Role, SchoolType
from contracts.school import PupilStatus

DEPARTMENTS = {  # code: share of the schools; Haute-Garonne nearly half (TER-01, TER-03; the rest by size)
    "31": 0.46, "81": 0.13, "12": 0.09, "82": 0.08, "65": 0.08, "32": 0.06, "46": 0.05, "09": 0.05,
}  # fmt: skip
KINDS = {  # kind: (share of the schools, usual number of pupils); 324 collèges, 187 lycées, 3 EREA (TER-02)
    SchoolType.CLG: (0.63, 420),
    SchoolType.LGT: (0.13, 900),
    SchoolType.LP: (0.12, 350),
    SchoolType.LPO: (0.11, 800),
    SchoolType.EREA: (0.01, 100),
}
_LEVELS = {
    SchoolType.CLG: (("6e", 11), ("5e", 12), ("4e", 13), ("3e", 14)),
    SchoolType.LGT: (("2de", 15), ("1re", 16), ("Tle", 17)),
    SchoolType.LPO: (("2de", 15), ("1re", 16), ("Tle", 17), ("1CAP", 15), ("2CAP", 16)),
    SchoolType.LP: (("2PRO", 15), ("1PRO", 16), ("TPRO", 17), ("1CAP", 15), ("2CAP", 16)),
    SchoolType.EREA: (("4e", 13), ("3e", 14), ("1CAP", 15), ("2CAP", 16)),
}
_TITLES = {
    SchoolType.CLG: "Collège",
    SchoolType.LGT: "Lycée",
    SchoolType.LPO: "Lycée polyvalent",
    SchoolType.LP: "Lycée professionnel",
    SchoolType.EREA: "EREA",
}
_PLACES = (
    "de la Garonnette", "du Val d’Autan", "des Trois Ponts", "de la Fontaine-Haute", "du Pré-Clos",
    "de la Roseraie", "des Violettes", "du Pastel", "de la Bastide", "des Coteaux", "du Canal", "du Causse",
    "des Gravières", "de la Halle", "du Moulin-Neuf", "des Cyprès",
)  # fmt: skip
SCHOOLS_PER_NETWORK = 8
_PUPILS_PER_CLASS = 27
_PUPILS_PER_CPE = 450
_APPRENTICES = 0.06  # of the pupils of lycées professionnels and polyvalents
_MOVES = 0.006  # pupils who change school during the year (AMB-11)


@dataclass(frozen=True, slots=True)
class SimSchool:
    """A school: its territories, its number of pupils and its yearly share of absentees."""

    uai: str
    name: str
    type: SchoolType
    department: str
    network: str
    mission_locale: str
    size: int
    absentees: float


@dataclass(frozen=True, slots=True)
class SimActor:
    """Someone in charge of a territory."""

    id: str
    name: str
    email: str
    role: Role
    territory: str


@dataclass(frozen=True, slots=True)
class SimPupil:
    """A pupil; `trend` (normal) is how prone to skip class, `frailty` (mean 1) how often ill."""

    ine: str
    last_name: str
    first_name: str
    birth_date: date
    class_name: str
    mef: str
    status: PupilStatus
    trend: float
    frailty: float
    moves_to: str | None = None
    moves_in: int | None = None


@dataclass(frozen=True, slots=True)
class Academy:
    """Everyone and everything on the first day of the school year."""

    school_year: str
    seed: int
    schools: tuple[SimSchool, ...]
    actors: tuple[SimActor, ...]
    pupils: dict[str, tuple[SimPupil, ...]]  # by UAI


def build(schools: int, students: int, seed: int, school_year: str = "2025-2026") -> Academy:
    """An académie of that many schools and pupils. Raises ValueError when a number is below 1."""
    if schools < 1 or students < 1:
        raise ValueError("an académie has at least one school and one pupil")
    rng = random.Random(f"{seed}/academy/{school_year}")  # noqa: S311  (nothing here is a secret)
    roster = _schools(schools, students, rng)
    actors = _actors(roster, rng)
    pupils = _pupils(roster, int(school_year[:4]), rng)
    return Academy(school_year, seed, roster, (*actors, *_partners(roster, len(actors), rng)), pupils)


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """`total` divided after `weights`, in whole numbers that add up (largest remainders)."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [math.floor(value) for value in exact]
    for i in sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _schools(count: int, students: int, rng: random.Random) -> tuple[SimSchool, ...]:
    types = [
        kind
        for kind, number in zip(KINDS, shares(count, [s for s, _ in KINDS.values()]), strict=True)
        for _ in range(number)
    ]
    sizes = shares(students, [KINDS[kind][1] * math.exp(rng.gauss(0, 0.3)) for kind in types])
    departments = [
        code
        for code, number in zip(DEPARTMENTS, shares(count, list(DEPARTMENTS.values())), strict=True)
        for _ in range(number)
    ]
    rng.shuffle(departments)
    factors = spread(sizes, types, rng)
    seen: Counter[str] = Counter()
    made = []
    for kind, size, code, factor in zip(types, sizes, departments, factors, strict=True):
        number = seen[code]
        seen[code] += 1
        network = number // SCHOOLS_PER_NETWORK + 1
        made.append(
            SimSchool(
                uai=people.uai(code, 1 + number * 7),
                name=f"{_TITLES[kind]} {_PLACES[(number * 5 + int(code)) % len(_PLACES)]}",
                type=kind,
                department=code,
                network=f"FOQUALE-{code}-{network}",
                mission_locale=f"ML-{code}-{(number + 3) // (SCHOOLS_PER_NETWORK + 4) + 1}",
                size=size,
                absentees=ABSENTEES[kind] * factor,
            )
        )
    return tuple(made)


def _actors(schools: Sequence[SimSchool], rng: random.Random) -> list[SimActor]:
    posts: list[tuple[str, Role, str]] = []
    for school in schools:
        posts.append((f"chef-{school.uai}", Role.CHEF_ETAB, school.uai))
        posts += [
            (f"cpe-{school.uai}-{n + 1}", Role.CPE, school.uai) for n in range(school.size // _PUPILS_PER_CPE + 1)
        ]
    for network in dict.fromkeys(school.network for school in schools):
        posts.append((f"mlds-{network}", Role.COORD_MLDS, network))
        posts.append((f"foquale-{network}", Role.RESP_FOQUALE, network))
    posts += [(f"dasen-{code}", Role.DASEN, code) for code in dict.fromkeys(s.department for s in schools)]
    posts.append(("recteur-16", Role.RECTEUR, "16"))
    return [_appoint(number, post, rng) for number, post in enumerate(posts, 1)]


def _partners(schools: Sequence[SimSchool], known: int, rng: random.Random) -> list[SimActor]:
    """Those outside the schools who are told of parcours: a mission locale each, a CIO a département."""
    posts = [(f"ml-{code}", Role.MISSION_LOCALE, code) for code in dict.fromkeys(s.mission_locale for s in schools)]
    posts += [(f"dcio-{code}", Role.DCIO, f"CIO-{code}") for code in dict.fromkeys(s.department for s in schools)]
    return [_appoint(number, post, rng) for number, post in enumerate(posts, known + 1)]


def _appoint(number: int, post: tuple[str, Role, str], rng: random.Random) -> SimActor:
    identifier, role, territory = post
    first, last = people.full_name(rng)
    return SimActor(identifier, f"{first} {last}", f"agent{number:05d}@example.org", role, territory)


def _pupils(schools: Sequence[SimSchool], year: int, rng: random.Random) -> dict[str, tuple[SimPupil, ...]]:
    numbers = iter(range(rng.randrange(10_000_000), 100_000_000))
    return {
        school.uai: tuple(_pupil(school, place, next(numbers), year, schools, rng) for place in range(school.size))
        for school in schools
    }


def _pupil(
    school: SimSchool, place: int, number: int, year: int, schools: Sequence[SimSchool], rng: random.Random
) -> SimPupil:
    levels = _LEVELS[school.type]
    level, age = levels[place % len(levels)]
    group = place // len(levels) // _PUPILS_PER_CLASS + 1
    first, last = people.full_name(rng)
    apprentice = school.type in (SchoolType.LP, SchoolType.LPO) and rng.random() < _APPRENTICES
    target = rng.choice(schools).uai if rng.random() < _MOVES else school.uai
    return SimPupil(
        ine=people.ine(rng, number, apprentice=apprentice),
        last_name=last,
        first_name=first,
        birth_date=date(year - age, rng.randint(1, 12), rng.randint(1, 28)),
        class_name=f"{level}{group}",
        mef=f"{100 + levels.index((level, age)):03d}{10019110:08d}",
        status=PupilStatus.APPRENTICE if apprentice else PupilStatus.STUDENT,
        trend=rng.gauss(0, 1),
        frailty=rng.gammavariate(2, 0.5),
        moves_to=target if target != school.uai else None,
        moves_in=rng.choice((11, 12, 1, 3)) if target != school.uai else None,
    )
