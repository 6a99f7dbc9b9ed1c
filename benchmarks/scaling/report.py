"""What more replicas bring, for people and for programs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.markdown import table
from benchmarks.scaling import commanded
from benchmarks.scaling.throughput import WAIT_MS, Moves, Speed, typical
from benchmarks.scaling.walk import Outcome, Step, Walk


@dataclass
class Report:
    """Everything that was measured."""

    seed: int
    machine: dict[str, Any]
    before: list[Speed] = field(default_factory=list)
    holding: list[Speed] = field(default_factory=list)
    commands: list[Speed] = field(default_factory=list)
    moves: Moves | None = None
    outcome: Outcome | None = None

    @classmethod
    def of_json(cls, given: dict[str, Any]) -> "Report":
        """What was measured earlier."""
        before, holding, commands = (
            [Speed(one["replicas"], one["partitions"], one["messages"], one["seconds"]) for one in given[part]]
            for part in ("wait_before", "wait_holding_the_lock", "commands_wait_before")
        )
        moves = Moves(**given["moves_s"]) if given["moves_s"] else None
        return cls(given["seed"], given["machine"], before, holding, commands, moves, _outcome(given["walk"]))

    def to_json(self) -> dict[str, Any]:
        """Figures under stable names; None for what was not measured."""
        return {
            "wait_before": _speeds(self.before),
            "wait_holding_the_lock": _speeds(self.holding),
            "commands_wait_before": _speeds(self.commands),
            "moves_s": asdict(self.moves) if self.moves else None,
            "walk": asdict(self.outcome) if self.outcome else None,
            "seed": self.seed,
            "machine": self.machine,
        }

    def tables(self) -> Iterator[tuple[str, list[str], list[list[str]], str]]:
        """Title, head, rows and a remark of each table."""
        for title, speeds in (
            (f"The alerts service, each message waiting {WAIT_MS} ms before it is handled", self.before),
            ("The same wait after it, with the lock of the log held: this part does not scale", self.holding),
        ):
            if speeds:
                yield title, ["replicas", "partitions each", "messages/s", "to one replica"], _speed_rows(speeds), ""
        if self.commands:
            title = (
                f"The parcours service, {commanded.PEOPLE} people who ask at once, "
                f"each command waiting {commanded.WAIT_MS} ms before it is decided"
            )
            rows = [[replicas, *figures] for replicas, _, *figures in _speed_rows(self.commands)]
            yield title, ["replicas", "commands/s", "to one replica"], rows, ""
        if self.moves:
            title = "Two replicas and a third that comes and goes, under a steady feed"
            head = ["seconds", "until even", "worst", "longest pause of a partition"]
            yield title, head, _move_rows(self.moves), ""
        if self.outcome:
            yield _walk_title(self.outcome), _walk_head(self.outcome), _walk_rows(self.outcome), _REMARK

    def show(self) -> None:
        """The tables, on stdout."""
        console = Console(width=110)
        for title, head, rows, remark in self.tables():
            shown = Table(*head, title=title, title_justify="left", caption=remark)
            for row in rows:
                shown.add_row(*row)
            console.print(shown)
        console.print(self._machine())

    def markdown(self) -> str:
        """The tables, for a document."""
        parts = [f"### {title}\n\n{table(head, rows)}\n{remark}" for title, head, rows, remark in self.tables()]
        return "\n\n".join(part.strip() for part in [*parts, f"Machine: {self._machine()}."]) + "\n"

    def _machine(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.machine.items())


_REMARK = (
    "Partitions of a replica (seconds until even); connections of one replica at most; relays and readers of a single "
    "partition, and how many of them fell to the same replica of 16."
)


def _outcome(given: dict[str, Any] | None) -> Outcome | None:
    if given is None:
        return None
    walks = [Walk(**(walk | {"steps": [Step(**step) for step in walk["steps"]]})) for walk in given["walks"]]
    return Outcome(walks, given["events"], given["acts"], given["again"], given["alerts"])


def _speeds(speeds: list[Speed]) -> list[dict[str, Any]]:
    return [
        {**asdict(speed), "per_s": round(speed.per_s, 1), "ratio": round(speed.per_s / speeds[0].per_s, 2)}
        for speed in speeds
    ]


def _speed_rows(speeds: list[Speed]) -> list[list[str]]:
    return [
        [
            str(speed.replicas),
            ", ".join(map(str, speed.partitions)),
            f"{speed.per_s:,.0f}",
            f"x {speed.per_s / speeds[0].per_s:.2f}",
        ]
        for speed in speeds
    ]


def _move_rows(moves: Moves) -> list[list[str]]:
    kinds = (("joins", "join"), ("leaves (SIGTERM)", "leave"), ("is killed (SIGKILL)", "kill"))
    return [
        [name, f"{typical(seconds):.1f}", f"{max(seconds):.1f}", f"{moves.still[what]:.1f}"]
        for name, what in kinds
        for seconds in [getattr(moves, what)]
    ]


def _walk_title(outcome: Outcome) -> str:
    return (
        f"Each service in turn, while {outcome.events:,} events came in and people did {outcome.acts:,} acts on "
        f"parcours ({outcome.again:,} times told to come again); "
        f"the {outcome.alerts:,} alerts that stand, and every parcours, are the oracles'"
    )


def _walk_head(outcome: Outcome) -> list[str]:
    steps = [str(step.replicas) for step in outcome.walks[0].steps]
    return ["replicas", *steps, "PostgreSQL", "NATS", "relays"]


def _walk_rows(outcome: Outcome) -> list[list[str]]:
    return [
        [walk.service, *map(_cell, walk.steps), str(walk.postgres), str(walk.nats), _singles(walk)]
        for walk in outcome.walks
    ]


def _cell(step: Step) -> str:
    size = f"{step.most}" if step.most == step.least else f"{step.least}-{step.most}"
    return f"{size} ({step.even_after_s:.0f} s)"


def _singles(walk: Walk) -> str:
    return f"{walk.single}, {walk.busiest} together" if walk.single else "none"
