"""One synthetic school year, played day after day against a running suite."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from chassis.service import Service
from cli.drain import Drain
from cli.playing import counting, preparing
from cli.playing.acting import Heads, busy_heads
from cli.playing.coordinating import Coordination, those_who_act
from cli.playing.desk import Desk
from cli.playing.moving import Hands, rest
from cli.playing.sending import Sender
from cli.runtime import Suite
from cli.simulator.academy import Academy
from cli.simulator.traffic import SimDay, school_year


class Teller(Protocol):
    """Who is told how the play goes."""

    def begins(self, events: int) -> None:
        """So many events are to be sent."""

    def sent(self, events: int) -> None:
        """So many more were answered."""

    def day(self, day: date) -> None:
        """It is that day."""


@dataclass(frozen=True, slots=True)
class Played:
    """What happened. `counts` are those of the streams, `answers` those of the door, `acts` those of people."""

    counts: dict[str, int]
    answers: dict[str, int]
    refusals: dict[str, int]
    acts: dict[str, int]
    events: int
    retries: int
    seconds: float
    slowest_rest: float = field(default=0.0)


async def play(
    suite: Suite,
    services: Sequence[Service],
    academy: Academy,
    teller: Teller,
    *,
    people_act: bool = True,
    until: date | None = None,
) -> Played:
    """Play the year, wait for the suite to be at rest, count. Raises CliError when the suite does not keep up.

    Simulated people act at the end of each month, once everything about it is settled, and the clock passes by no
    reminder before it is told: so the same académie gives the same counts, however fast the machine is.
    """
    by_name = {service.name: service for service in services}
    await preparing.load(suite, academy)
    key = await asyncio.to_thread(preparing.register_sender, by_name["intake"].database, academy)
    days = [day for day in school_year(academy) if until is None or day.date <= until]
    hands = Hands(suite, services)
    sender = Sender(suite.need_url(), key, teller.sent)
    people = [*busy_heads(academy), *those_who_act(academy)] if people_act else []
    desk = Desk(suite.need_url(), preparing.tokens_of(suite, people))
    heads, coordination = Heads(academy, desk), Coordination(academy, desk)
    drain = Drain(services)
    teller.begins(sum(len(day) for day in days))
    started = time.monotonic()
    try:
        for number, day in enumerate(days):
            teller.day(day.date)
            await hands.move(day.closes)
            await sender.send(day.by_school)
            if people_act and _month_ends(days, number):
                await rest(drain)
                await heads.work(f"{day.date:%Y-%m}", day.date)
                await coordination.work(f"{day.date:%Y-%m}", day.date)
                await hands.settle()
        await rest(drain)
    finally:
        await sender.close()
        await desk.close()
        await hands.close()
    seconds = time.monotonic() - started
    return Played(
        counts=await counting.count(services),
        answers=dict(sender.verdicts),
        refusals=dict(sender.codes),
        acts=dict(desk.acts),
        events=sum(len(day) for day in days),
        retries=sender.retries,
        seconds=seconds,
    )


def _month_ends(days: Sequence[SimDay], number: int) -> bool:
    return number + 1 == len(days) or days[number + 1].date.month != days[number].date.month
