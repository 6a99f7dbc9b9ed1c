"""What more replicas bring, for people and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.scaling.throughput import WAIT_MS, Moves, Speed, typical
from benchmarks.scaling.walk import Outcome


@dataclass
class Report:
    """Everything that was measured."""

    seed: int
    machine: dict[str, Any]
    before: list[Speed] = field(default_factory=list)
    holding: list[Speed] = field(default_factory=list)
    moves: Moves | None = None
    outcome: Outcome | None = None

    def to_json(self) -> dict[str, Any]:
        """Figures under stable names; None for what was not measured."""
        return {
            "wait_before": _speeds(self.before),
            "wait_holding_the_lock": _speeds(self.holding),
            "moves_s": asdict(self.moves) if self.moves else None,
            "walk": asdict(self.outcome) if self.outcome else None,
            "seed": self.seed,
            "machine": self.machine,
        }

    def show(self) -> None:
        """The tables, on stdout."""
        console = Console(width=110)
        for title, speeds in (
            (f"alerts, each message waiting {WAIT_MS} ms before it is handled", self.before),
            ("the same wait after it, with the lock of the log held: this part does not scale", self.holding),
        ):
            if speeds:
                console.print(_speed_table(title, speeds))
        if self.moves:
            console.print(_move_table(self.moves))
        if self.outcome:
            console.print(_walk_table(self.outcome))
        console.print(", ".join(f"{name} {value}" for name, value in self.machine.items()))


def _speeds(speeds: list[Speed]) -> list[dict[str, Any]]:
    return [
        {**asdict(speed), "per_s": round(speed.per_s, 1), "ratio": round(speed.per_s / speeds[0].per_s, 2)}
        for speed in speeds
    ]


def _speed_table(title: str, speeds: list[Speed]) -> Table:
    table = Table("replicas", "partitions each", "messages/s", "to one replica", title=title, title_justify="left")
    for speed in speeds:
        each = ", ".join(map(str, speed.partitions))
        table.add_row(str(speed.replicas), each, f"{speed.per_s:,.0f}", f"x {speed.per_s / speeds[0].per_s:.2f}")
    return table


def _move_table(moves: Moves) -> Table:
    title = "two replicas and a third that comes and goes, under a steady feed (seconds)"
    table = Table("", "until even", "worst", "longest pause of a partition", title=title, title_justify="left")
    for what, name in (("join", "joins"), ("leave", "leaves (SIGTERM)"), ("kill", "is killed (SIGKILL)")):
        seconds = getattr(moves, what)
        table.add_row(name, f"{typical(seconds):.1f}", f"{max(seconds):.1f}", f"{moves.still[what]:.1f}")
    return table


def _walk_table(outcome: Outcome) -> Table:
    title = (
        f"each service in turn, while {outcome.events:,} absences came in; "
        f"the {outcome.alerts:,} alerts that stand are the oracle's"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("replicas")
    for step in outcome.walks[0].steps:
        table.add_column(str(step.replicas), justify="right")
    for name in ("PostgreSQL", "NATS", "relays"):
        table.add_column(name, justify="right")
    for walk in outcome.walks:
        cells = [
            (f"{step.most}" if step.most == step.least else f"{step.least}-{step.most}")
            + f" ({step.even_after_s:.0f} s)"
            for step in walk.steps
        ]
        singles = f"{walk.single}, {walk.busiest} together" if walk.single else "none"
        table.add_row(walk.service, *cells, str(walk.postgres), str(walk.nats), singles)
    table.caption = (
        "partitions of a replica (seconds until even); connections of one replica at most; "
        "relays and single readers, and how many of them fell to the same replica of 16"
    )
    return table
