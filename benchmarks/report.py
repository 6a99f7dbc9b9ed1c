"""What was measured, for people and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.deadlines import TARGET_PER_S, CatchUp
from benchmarks.latency import Latency
from benchmarks.memory import Weighed
from benchmarks.race import Result
from benchmarks.rebuild import Rebuilding

PIPELINE = "pipeline"


@dataclass
class Report:
    """Filled as the run goes; what was left out stays empty."""

    seed: int
    machine: dict[str, Any]
    races: dict[str, Result] = field(default_factory=dict)
    latency: Latency | None = None
    rebuild: Rebuilding | None = None
    deadlines: CatchUp | None = None
    memory: dict[str, Weighed] = field(default_factory=dict)

    @property
    def best_peer(self) -> str | None:
        """The fastest of the others."""
        peers = {name: result.events_per_s for name, result in self.races.items() if name != PIPELINE}
        return max(peers, key=lambda name: peers[name]) if peers else None

    @property
    def ratio(self) -> float | None:
        """How many times as fast as the best peer."""
        if self.best_peer is None or PIPELINE not in self.races:
            return None
        return round(self.races[PIPELINE].events_per_s / self.races[self.best_peer].events_per_s, 1)

    def to_json(self) -> dict[str, Any]:
        """One document; see README.md beside this file."""
        memory = {name: weighed.peak_mb for name, weighed in self.memory.items()}
        return {
            **{name: result.to_json() for name, result in self.races.items()},
            "ratio_to_best_peer": self.ratio,
            "best_peer": self.best_peer,
            "rebuild": asdict(self.rebuild) if self.rebuild else None,
            "latency_ms": asdict(self.latency) if self.latency else None,
            "deadlines": asdict(self.deadlines) if self.deadlines else None,
            "memory_mb": memory,
            "backlog": {name: asdict(weighed) for name, weighed in self.memory.items()},
            "seed": self.seed,
            "machine": self.machine,
        }

    def show(self) -> None:
        """The tables, on stdout."""
        console = Console(width=110)
        if self.races:
            console.print(self._speeds())
        console.print(self._figures())
        if self.memory:
            console.print(self._weights())

    def _speeds(self) -> Table:
        table = Table(title="SCHOOL stream -> alert rows committed, each result equal to the oracle's")
        for name in ("", "events", "alerts", "seconds", "events/s", "pipeline is", "processor seconds"):
            table.add_column(name, justify="left" if not name else "right")
        pipeline = self.races.get(PIPELINE)
        for name, result in self.races.items():
            times = f"x {pipeline.events_per_s / result.events_per_s:.1f}" if pipeline else ""
            used = ", ".join(f"{who} {seconds:.1f}" for who, seconds in result.cpu_s.items())
            table.add_row(
                name,
                f"{result.events:,}",
                f"{result.alerts:,}",
                f"{result.seconds:.2f}",
                f"{result.events_per_s:,.0f}",
                times,
                used,
            )
        return table

    def _figures(self) -> Table:
        table = Table(show_header=False)
        if self.ratio is not None:
            table.add_row("ratio to the best peer", f"{self.ratio} ({self.best_peer})")
        if self.latency:
            which = f"publish -> row at {self.latency.rate:,.0f} events/s"
            rounds, disks = (", ".join(map(str, each)) for each in (self.latency.p99s, self.latency.disks))
            delays = f"p50 {self.latency.p50} ms, p99 {self.latency.p99} ms, worst {self.latency.worst} ms"
            table.add_row(which, f"{delays}; p99 of each round: {rounds}")
            table.add_row("meanwhile, the disk's longest wait", f"of each round: {disks} ms")
        if self.rebuild:
            done = self.rebuild
            table.add_row(
                f"rebuild of a read model from {done.events:,} events",
                f"{done.events_per_s:,.0f}/s, {done.ratio} of reading alone ({done.read_and_thrown_away_per_s:,.0f}/s);"
                f" {done.ratio_to_library} of the library's own fetch ({done.library_per_s:,.0f}/s);"
                f" of each round: {', '.join(map(str, done.ratios))}",
            )
        if self.deadlines:
            caught = self.deadlines
            table.add_row(
                f"catching up on {caught.deadlines:,} deadlines (at least {TARGET_PER_S:,}/s)",
                f"{caught.per_s:,.0f}/s, x {caught.ratio} of one by one ({caught.one_by_one_per_s:,.0f}/s)",
            )
        table.add_row("machine", ", ".join(f"{name} {value}" for name, value in self.machine.items()))
        return table

    def _weights(self) -> Table:
        table = Table(title="peak resident memory with a backlog")
        for name in ("service", "backlog", "read", "MB"):
            table.add_column(name, justify="left" if name == "service" else "right")
        for name, weighed in self.memory.items():
            table.add_row(name, f"{weighed.backlog:,}", f"{weighed.handled:,}", f"{weighed.peak_mb:.0f}")
        return table
