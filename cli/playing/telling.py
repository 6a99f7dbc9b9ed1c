"""What people see of a play: a progress bar on a terminal, a line a month elsewhere; then a table."""

from collections.abc import Iterator
from datetime import date
from types import TracebackType
from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.output import console, say
from cli.playing.acting import busy_heads
from cli.playing.coordinating import busy_coordinators
from cli.playing.year import Played
from cli.simulator.academy import Academy, SimActor
from contracts.directory import Role

_ROWS = (
    ("students enrolled", "students_enrolled"),
    ("half-days of absence reported", "absences_reported"),
    ("... justified afterwards", "absences_justified"),
    ("... cancelled as entry errors", "absences_cancelled"),
    ("early warnings", "thresholds_approached"),
    ("alerts, level 1 (4 half-days in a month)", "alerts_level1"),
    ("alerts, level 2 (10 half-days in a month)", "alerts_level2"),
    ("alerts lifted", "alerts_lifted"),
    ("alerts acknowledged", "alerts_acknowledged"),
    ("follow-ups recorded", "follow_ups"),
    ("alerts closed", "alerts_closed"),
    ("parcours opened", "parcours_opened"),
    ("... extended before their end", "parcours_extended"),
    ("... ending soon, told 30, 15, 7 and 1 days before", "status_expiring"),
    ("... expired without an outcome", "status_expired"),
    ("... closed with an outcome", "parcours_closed"),
    ("e-mails sent", "mails_sent"),
    ("messages in quarantine", "quarantined"),
)


class Bar:
    """Tells how a play goes."""

    def __init__(self) -> None:
        self._live = console().is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("events"),
            TimeElapsedColumn(),
            console=console(),
            disable=not self._live,
        )
        self._task: Any = None
        self._month = 0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begins(self, events: int) -> None:
        """So many events are to be sent."""
        self._task = self._bar.add_task("the school year", total=events)

    def sent(self, events: int) -> None:
        """So many more were answered."""
        self._bar.advance(self._task, events)

    def day(self, day: date) -> None:
        """It is that day."""
        self._bar.update(self._task, description=f"{day:%a %d %b %Y}")
        if not self._live and day.month != self._month:
            say(f"{day:%B %Y} ...")
        self._month = day.month


def tell(played: Played) -> None:
    """What happened."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    for label, name in _ROWS:
        table.add_row(label, f"{played.counts[name]:,}".replace(",", " "))
    refused = played.answers.get("refused", 0)
    table.add_row("events refused, each with its reason", str(refused))
    table.add_row("events sent twice, counted once", str(played.answers.get("duplicate", 0)))
    console().print(table)
    say(f"{played.events} events in {played.seconds:.1f} s: {played.events / played.seconds:.0f} a second")


def tell_where(url: str, academy: Academy) -> None:
    """The addresses to open and whom to be."""
    say("")
    say(f"sign in         {url}/connexion")
    for role, actor in _worth_being(academy):
        say(f"  as {role:<10} {actor.id} ({actor.name})")
    say(f"alerts          {url}/")
    say(f"parcours        {url}/parcours")
    say(f"e-mails sent    {url}/courriels-captes/")
    say(f"API             {url}/api/docs")


def _worth_being(academy: Academy) -> Iterator[tuple[str, SimActor]]:
    """Those who have the most to look at."""
    yield "a head", busy_heads(academy, 1)[0]
    for coordinator in busy_coordinators(academy, 1) or [a for a in academy.actors if a.role is Role.COORD_MLDS][:1]:
        yield "MLDS", coordinator
        codes = {school.mission_locale for school in academy.schools if school.network == coordinator.territory}
        partners = (a for a in academy.actors if a.role is Role.MISSION_LOCALE and a.territory in codes)
        yield "a partner", next(partners)
