"""What schools say during the run: reports, justifications, cancellations, in any order, some of it twice. Seeded."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from contracts.identifiers import UAI_LETTERS
from tests.oracle import Fact, Standing, standing_alerts
from tests.school_days import half_days

FIRST_DAY, LAST_DAY = date(2025, 9, 1), date(2026, 6, 30)
SCHOOLS = 12
SCHOOLS_PER_NETWORK = 4
SOURCES = ("urn:vie-scolaire:a", "urn:vie-scolaire:b")
SAID_TWICE = 0.08  # of the events
SAME_INSTANT = 0.1  # of the statements about a half-day: the id, then the source, decide
ELSEWHERE = 0.1  # of the pupils change school (AMB-11)
TYPES = {"unjustified": "absence_reported", "justified": "absence_justified", "cancelled": "absence_cancelled"}
STORIES = (  # what is said of one half-day, in the order of its times
    ("unjustified",),
    ("unjustified",),
    ("unjustified",),
    ("unjustified", "justified"),
    ("unjustified", "cancelled"),
    ("justified", "unjustified"),
    ("unjustified", "justified", "unjustified"),
    ("unjustified", "cancelled", "unjustified", "justified"),
)


@dataclass(frozen=True)
class Said:
    """One event: what the oracle knows of it (the pupil by INE), and the school that says it."""

    fact: Fact
    uai: str

    @cached_property
    def body(self) -> dict[str, Any]:
        """The CloudEvent as a school writes it; a justified half-day is reported so, or justified later."""
        fact = self.fact
        reported_justified = fact.says == "justified" and fact.id.endswith("0")
        kind = "absence_reported" if reported_justified else TYPES[fact.says]
        data = {"ine": fact.student, "uai": self.uai, "date": fact.day.isoformat(), "period": fact.period}
        if reported_justified:
            data["justified"] = True  # type: ignore[assignment]  # a dict of text but for this
        return {
            "specversion": "1.0",
            "id": fact.id,
            "source": fact.source,
            "type": f"fr.perseverance.intake.{kind}.v1",
            "time": fact.time.isoformat(),
            "data": data,
        }

    @property
    def json(self) -> bytes:
        """Its bytes, the same each time it is sent."""
        return json.dumps(self.body).encode()


@dataclass(frozen=True)
class Load:
    """What is said, in the order it is sent, and what must come of it."""

    schools: Sequence[str]
    sent: Sequence[Said]

    @property
    def expected(self) -> dict[Standing, int]:
        """The alerts that must stand at the end, with their half-days; pupils by INE."""
        return standing_alerts(said.fact for said in self.sent)


def uai_of(number: int) -> str:
    """The UAI of a made-up school."""
    digits = 319000 + number
    return f"{digits:07d}{UAI_LETTERS[digits % len(UAI_LETTERS)]}"


def draw(events: int, seed: int) -> Load:
    """`events` events, a part of which repeat others word for word."""
    rng = random.Random(f"load-{seed}")
    schools = [uai_of(number) for number in range(SCHOOLS)]
    calendar: dict[str, list[tuple[date, str]]] = {}
    for day, period in half_days(FIRST_DAY, LAST_DAY):
        calendar.setdefault(f"{day:%Y-%m}", []).append((day, period))
    months = list(calendar.values())
    distinct = round(events / (1 + SAID_TWICE))
    said: list[Said] = []
    pupil = 0
    while len(said) < distinct:
        said += _pupil(f"{seed}-{pupil}", f"{600_000_000 + pupil}ZZ", schools, months, rng)
        pupil += 1
    del said[distinct:]
    said += [rng.choice(said) for _ in range(events - distinct)]
    rng.shuffle(said)
    return Load(schools, said)


def _pupil(
    name: str, ine: str, schools: Sequence[str], months: Sequence[Sequence[tuple[date, str]]], rng: random.Random
) -> list[Said]:
    """All that is said of one pupil: two months, with enough half-days for both levels to come and go."""
    school = other = rng.choice(schools)
    if rng.random() < ELSEWHERE:
        other = rng.choice(schools)
    said: list[Said] = []
    for month in rng.sample(months, 2):
        for day, period in rng.sample(list(month), rng.randint(2, min(14, len(month)))):
            instant = datetime.combine(day, time(10 if period == "MORNING" else 15), UTC)
            for says in rng.choice(STORIES):
                event_id = f"c{name}-{rng.getrandbits(32)}-{len(said)}"
                fact = Fact(ine, day, period, says, instant, event_id, rng.choice(SOURCES))  # type: ignore[arg-type]
                said.append(Said(fact, rng.choice((school, other))))
                if rng.random() >= SAME_INSTANT:
                    instant += timedelta(minutes=rng.randint(1, 3000))
    return said
