"""Lives of parcours and of delays, as the parcours service could tell them: any of them, each in order."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts import parcours as said
from contracts.delays import DelayApproaching, DelayEnded, DelayReached, DelayStarted
from contracts.envelope import Envelope, Payload
from contracts.examples.parcours import parcours_event, span
from contracts.parcours import Caution, Gauge, Outcome, Partner, Why

FIRST = datetime(2025, 9, 1, 8, tzinfo=UTC)
GAUGES = [Gauge(placement_days=days, parcours_days=115, most=76) for days in (0, 14, 28, 70)]
PERIODS = [span("2025-10-06", "2025-11-02"), span("2025-10-13", "2025-11-09"), span("2025-12-01", "2025-12-14")]


class Life:
    """What happens to one parcours, or to one delay, an hour after another."""

    def __init__(self, dice: random.Random, about: dict[str, Any]) -> None:
        self.dice = dice
        self.about = about
        self.told: list[Envelope[Any]] = []

    def tell(self, contract: type[Payload], **differently: Any) -> None:
        """It happens."""
        known = {name: value for name, value in (self.about | differently).items() if name in contract.model_fields}
        if "command_id" in contract.model_fields:
            known |= {"command_id": UUID(int=self.dice.getrandbits(128)), "why": self.dice.choice(list(Why))}
        self.told.append(parcours_event(contract, {"time": FIRST + timedelta(hours=len(self.told))}, **known))

    def chance(self) -> bool:
        """Heads or tails."""
        return self.dice.random() < 0.5


def some_id(dice: random.Random) -> UUID:
    """An id."""
    return UUID(int=dice.getrandbits(128))


def life_of_parcours(dice: random.Random, uai: str) -> list[Envelope[Any]]:
    """From its proposal or its opening to whatever end."""
    life = Life(dice, {"parcours_id": some_id(dice), "student_id": some_id(dice), "uai": uai})
    if life.chance():
        life.tell(said.ParcoursProposed, alert_id=some_id(dice) if life.chance() else None)
        if life.chance():
            life.tell(said.ReferentAppointed, referent_id="cpe-1")
        if dice.random() < 0.2:
            life.tell(said.ParcoursRefused)
            return life.told
    life.tell(
        said.ParcoursOpened,
        alert_id=some_id(dice) if life.chance() else None,
        gpds_on=None,
        last_day=None if life.chance() else date(2026, 1, 7),
        cautions=(Caution.ENDS_AFTER_DECEMBER,) if life.chance() else (),
    )
    for _ in range(dice.randint(0, 8)):
        _something(life)
    if life.chance():
        life.tell(said.StatusExpired)
        life.tell(said.OutcomeMissing)
    if life.chance():
        life.tell(said.ParcoursClosed, outcome=dice.choice(list(Outcome)))
    return life.told


def _something(life: Life) -> None:
    life.dice.choice((_agreed, _placed, _looked_at, _paused, _prolonged))(life)


def _agreed(life: Life) -> None:
    life.tell(said.ConventionSigned, partner=life.dice.choice(list(Partner)))
    if life.chance():
        life.tell(said.ReferentAppointed, referent_id=f"cpe-{life.dice.randint(1, 3)}")


def _placed(life: Life) -> None:
    about = {"placement_id": some_id(life.dice)}
    for contract in (said.PlacementPlanned, said.PlacementChanged):
        life.tell(contract, **about, period=life.dice.choice(PERIODS), gauge=life.dice.choice(GAUGES))
    if life.chance():
        life.tell(said.PlacementCancelled, **about, gauge=GAUGES[0])


def _looked_at(life: Life) -> None:
    life.tell(said.ReviewHeld, next_review_on=None if life.chance() else date(2025, 11, 6))
    if life.chance():
        life.tell(said.ReviewOverdue)


def _paused(life: Life) -> None:
    life.tell(said.ParcoursSuspended)
    if life.chance():
        life.tell(said.ParcoursResumed)


def _prolonged(life: Life) -> None:
    cautions = (Caution.ENDS_AFTER_DECEMBER,) if life.chance() else ()
    gauge = life.dice.choice(GAUGES)
    life.tell(said.ParcoursExtended, ends_on=date(2026, 1, life.dice.randint(1, 7)), gauge=gauge, cautions=cautions)
    life.tell(said.StatusExpiring, gauge=gauge)


def life_of_delay(dice: random.Random, uai: str) -> list[Envelope[Any]]:
    """From its start to its last day, its end, or neither."""
    life = Life(dice, {"delay_id": some_id(dice), "student_id": some_id(dice), "uai": uai})
    life.tell(DelayStarted)
    for contract in (DelayApproaching, DelayReached, DelayEnded):
        if life.chance():
            life.tell(contract, **({"done": life.chance()} if contract is DelayEnded else {}))
    return life.told


def lives(dice: random.Random, uai: str, many: int = 12) -> Iterator[Envelope[Any]]:
    """As many parcours and as many delays, of as many pupils, interleaved; each in its order."""
    each = [life(dice, uai) for life in (life_of_parcours, life_of_delay) for _ in range(many)]
    while each:
        one = dice.choice(each)
        yield one.pop(0)
        each = [life for life in each if life]
