"""The tables of docs/scale.md: what was measured, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.markdown import table
from benchmarks.sizing import deployed, pools
from benchmarks.sizing.rates import Connections, Rates
from benchmarks.sizing.year import Held, Peaks, Year

FRANCE, ACADEMIES = 5_600_000, 30
_TWO_HOURS_S = 7_200
KEPT_CONNECTIONS = 50  # for replication, backups, the exporter and people
_NOT_PAPER = "REFUSALS"  # kept for a month, and nobody reads it but the senders


@dataclass(frozen=True)
class Figures:
    """Everything that was measured."""

    year: Year
    peaks: Peaks
    rates: Rates
    connections: Connections
    academie: int
    machine: dict[str, Any]


@dataclass(frozen=True)
class Limit:
    """Something that ends: how much of it one machine has, and how much an académie and France ask of it."""

    what: str
    has: float
    unit: str
    asked: Sequence[float]  # by a large académie, by France
    then: str

    @property
    def academie(self) -> float:
        """What a large académie asks."""
        return self.asked[0]

    @property
    def france(self) -> float:
        """What France asks."""
        return self.asked[1]

    @property
    def academies(self) -> float:
        """How many large académies fit."""
        return self.has / self.academie


def of_json(given: dict[str, Any]) -> Figures:
    """Figures that were measured earlier."""
    year = given["year"]
    held = {kind: {name: Held(**each) for name, each in year[kind].items()} for kind in ("streams", "schemas")}
    rates = given["rates"]
    return Figures(
        Year(**(year | held)),
        Peaks(**given["peaks"]),
        Rates(**(rates | {"append": {int(writers): rate for writers, rate in rates["append"].items()}})),
        Connections(**given["connections"]),
        given["academie"],
        given["machine"],
    )


def tables(figures: Figures) -> str:
    """The tables, in Markdown."""
    parts = (
        ("Measured: the year of one pupil", _pupil(figures)),
        ("Measured: what one machine does", _machine(figures)),
        ("Computed: a year, and its peaks", _sizes(figures)),
        ("Computed: what ends first", _limits(figures)),
    )
    return "\n".join(f"### {title}\n\n{text}" for title, text in parts)


def _pupil(figures: Figures) -> str:
    year = figures.year
    rows = [
        [
            f"stream {name}",
            f"{held.number / year.pupils:.2f}",
            f"{held.size / held.number:.0f}",
            _kb(held.size / year.pupils),
        ]
        for name, held in year.streams.items()
        if held.number
    ]
    rows += [
        [
            f"schema {name}",
            f"{held.number / year.pupils:.2f}",
            f"{held.size / held.number:.0f}",
            _kb(held.size / year.pupils),
        ]
        for name, held in sorted(year.schemas.items())
    ]
    note = (
        f"\n`perseverance demo` with {year.pupils:,} pupils: {year.events / year.pupils:.1f} events each at the door, "
        f"{year.alerts / year.pupils:.2f} alerts, {year.mails / year.pupils:.2f} e-mails. "
        "Rows are those of every table of the schema, bytes those on disk with indexes.\n"
    )
    return table(["", "messages or rows a pupil", "bytes each", "kB a pupil"], rows) + note


def _machine(figures: Figures) -> str:
    rates, machine, connections = figures.rates, figures.machine, figures.connections
    writers = sorted(rates.append)
    rows = [
        ["intake: read, judged, pseudonymised, kept (one replica)", _rate(rates.door)],
        ["alerts and projections: fact in, alert row committed (one replica each)", _rate(rates.pipeline)],
        *[
            [f"one service's log: events appended by {n} at once, 500 a commit", _rate(rates.append[n])]
            for n in writers
        ],
        ["one stream: messages appended, 1000 an atomic batch", _rate(rates.publish)],
        ["a read model rebuilt", _rate(rates.rebuild)],
    ]
    used = ", ".join(f"{name} {n}" for name, n in connections.postgres.items())
    note = (
        f"\nConnections of one replica at work, PostgreSQL: {used}; NATS: {max(connections.nats.values())} each. "
        f"{machine['cores']} cores for servers, services and the measurement; load {machine['load']} at the start.\n"
    )
    return table(["", "a second"], rows) + note


def _sizes(figures: Figures) -> str:
    year, peaks, rates = figures.year, figures.peaks, figures.rates
    streams = {name: held.size / year.pupils for name, held in year.streams.items() if name != _NOT_PAPER}
    schemas = {name: held.size / year.pupils for name, held in year.schemas.items()}
    lines: list[tuple[str, Any]] = [
        ("pupils", lambda n: f"{n:,}"),
        ("events at the door, a year", lambda n: f"{n * year.events / year.pupils / 1e6:,.1f} M"),
        (
            "events recorded by the four logs, a year",
            lambda n: f"{n * sum(year.logs.values()) / year.pupils / 1e6:,.1f} M",
        ),
        (
            "alerts; e-mails, a year",
            lambda n: f"{n * year.alerts / year.pupils / 1e6:,.2f} M; {n * year.mails / year.pupils / 1e6:,.2f} M",
        ),
        ("PostgreSQL, after a year", lambda n: _gb(n * sum(schemas.values()))),
        ("of which the logs and the register", lambda n: _gb(n * (sum(schemas.values()) - schemas["projections"]))),
        ("JetStream, after a year, one copy", lambda n: _gb(n * sum(streams.values()))),
        ("JetStream, three copies", lambda n: _gb(3 * n * sum(streams.values()))),
        ("facts on the busiest day", lambda n: f"{n * peaks.busiest_day:,.0f}"),
        ("facts a second in its busiest two hours", lambda n: f"{_morning(figures, n):,.1f}"),
        (
            "the same, if all came in the last minute of the two hours",
            lambda n: f"{n * peaks.busiest_two_hours / 60:,.0f}",
        ),
        (
            "a morning that comes all at once: until its last alert is shown",
            lambda n: _minutes(n * peaks.busiest_two_hours / rates.pipeline),
        ),
        (
            "first day: enrolments, and minutes for one door",
            lambda n: f"{n * peaks.first_day:,.0f}; {_minutes(n * peaks.first_day / rates.door)}",
        ),
        (
            "reading a whole year of facts again (alerts)",
            lambda n: _minutes(n * year.streams["SCHOOL"].number / year.pupils / rates.pipeline),
        ),
        (
            "rebuilding the read model of alerts",
            lambda n: _minutes(n * year.streams["ALERTS"].number / year.pupils / rates.rebuild),
        ),
    ]
    sizes = (figures.academie, round(FRANCE / ACADEMIES), FRANCE)
    head = ["", "a large académie", f"the average of {ACADEMIES}", "France in one"]
    return table(head, [[what, *(of(size) for size in sizes)] for what, of in lines])


def _morning(figures: Figures, pupils: int) -> float:
    return pupils * figures.peaks.busiest_two_hours / _TWO_HOURS_S


def full_pools(given: deployed.Deployed) -> int:
    """Connections when each service has its most replicas, a rollout adds to them, and every pool is full."""
    return sum((given.replicas[name] + given.surge) * most for name, most in pools.ceilings().items())


def limits(figures: Figures) -> list[Limit]:
    """What ends, the first one first."""
    year, peaks, rates = figures.year, figures.peaks, figures.rates
    sizes = (figures.academie, FRANCE)
    morning = [_morning(figures, pupils) for pupils in sizes]
    appended = year.logs["alerts"] / year.logs["intake"]
    told = year.streams["ALERTS"].number / year.streams["SCHOOL"].number
    enrolled = [pupils * peaks.first_day / _TWO_HOURS_S for pupils in sizes]
    size = sum(held.size for held in year.schemas.values()) / year.pupils
    streams = sum(held.size for held in year.streams.values()) / year.pupils
    given = deployed.read()
    asked = full_pools(given)
    found = [
        Limit("first day: all enrolled within two hours", rates.door, "events/s", enrolled,
              "let senders begin the evening before: it is a queue, nothing is lost"),
        Limit("busiest morning: intake", rates.door, "events/s", morning, "a database each: its door is one lock"),
        Limit("busiest morning: alerts and projections", rates.pipeline, "events/s", morning, "more replicas"),
        Limit("busiest morning: lock of the alerts log", rates.append[max(rates.append)], "events/s",
              [each * appended for each in morning], "a database each: replicas do not help"),
        Limit("busiest morning: one stream", rates.publish, "messages/s", [each * max(1.0, told) for each in morning],
              "a NATS each"),
        Limit("connections: most replicas, a rollout, pools full", given.connections - KEPT_CONNECTIONS, "connections",
              [asked, asked], "a pooler, or fewer replicas: the load asks for few"),
        Limit("PostgreSQL, a year on the volume of `national`", given.postgres, "bytes/year",
              [size * pupils for pupils in sizes], "past years to an archive; a larger volume"),
        Limit("JetStream, a year in what `national` lets it take", given.nats, "bytes/year",
              [streams * pupils for pupils in sizes], "trim streams: the logs are the record"),
    ]  # fmt: skip
    return sorted(found, key=lambda limit: limit.academies)


def _limits(figures: Figures) -> str:
    rows = [
        [each.what, _amount(each.has, each.unit), _amount(each.academie, each.unit), _times(each.academies),
         _times(each.has / each.france), each.then]
        for each in limits(figures)
    ]  # fmt: skip
    head = ["", "there is", "a large académie asks", "there is / it asks", "there is / France asks", "what then"]
    return table(head, rows)


def _amount(value: float, unit: str) -> str:
    if unit == "bytes/year":
        return _gb(value)
    return f"{value:,.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"


def _times(value: float) -> str:
    return f"x {value:,.0f}" if value >= 10 else f"x {value:.1f}" if value >= 0.1 else f"x {value:.2f}"


def _rate(value: float) -> str:
    return f"{value:,.0f}"


def _kb(size: float) -> str:
    return f"{size / 1e3:.1f}"


def _gb(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size < 1e12 else f"{size / 1e12:,.2f} TB"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:,.1f} min" if seconds < 5_400 else f"{seconds / 3600:,.1f} h"
