"""What this service shows of its read models: how old what the pages show is, and how e-mails stand."""

from chassis.backlog import Backlog
from chassis.database import Database, Transaction
from chassis.gauges import Found, Gauge, Look
from chassis.looks import asked
from services.projections.catalogue import READ_MODELS

AGE = Gauge(
    "perseverance_projection_age_seconds",
    "Age of the oldest event that a read model does not show yet, 0 when it shows all there is",
    ("read_model",),
)
MAILS = Gauge("perseverance_mails", "E-mails that had to be written, by how they stand", ("state",))
STATES = ("requested", "sent", "deferred", "uncertain", "refused", "unaddressed", "cancelled")


def ages(backlog: Backlog) -> Look:
    """How old what each read model shows is, as the partitions read by this process tell."""

    async def look() -> Found:
        found = {(model.name,): backlog.oldest_of([feed.reader for feed in model.feeds]) for model in READ_MODELS}
        return {AGE: {labels: age for labels, age in found.items() if age is not None}}

    return look


def mails(database: Database) -> Look:
    """How many e-mails are in each state."""

    def count(tx: Transaction) -> dict[str, int]:
        tx.execute("SELECT state, count(*) FROM mails GROUP BY state")
        return dict(tx.fetchall())

    async def look() -> Found:
        counts = dict.fromkeys(STATES, 0) | await asked(database, count)
        return {MAILS: {(state,): number for state, number in counts.items()}}

    return look
