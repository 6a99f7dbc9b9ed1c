"""The read models on one screen: their tables, and the readers that fill them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis.database import Transaction
from chassis.source import Source
from contracts import catalogue as contracts
from contracts.school import StudentEnrolled, StudentErased, StudentLeft
from services.projections.folding.alerts import AlertsFold
from services.projections.folding.mails import MailsFold
from services.projections.folding.parcours import ParcoursFold
from services.projections.folding.roster import RosterFold
from services.projections.handlers import Fold, Projection
from services.projections.stores import alerts, alerts_loading, mails, parcours, roster


@dataclass(frozen=True)
class Feed:
    """One stream that fills a read model: the reader's name (its position is kept under it) and what it reads."""

    reader: str
    source: Source
    fold: Callable[[], Fold]
    write: Callable[[Transaction, Any], set[str]]
    load: Callable[[Transaction, Any], set[str]] | None = None  # a quicker way into empty tables

    def handler(self, model: "ReadModel") -> Projection[Any]:
        """What the reader does with a batch, for as long as the live tables have the form of `model`."""
        return Projection(self.reader, self.fold, self.write, (model.name, model.version))


@dataclass(frozen=True)
class ReadModel:
    """Tables that are rebuilt together. `tables` in the order batches write them.

    Raise `version` with each change of what the tables hold or how they are made, in `read_models.sql`, a fold or a
    store: provisioning then builds them anew beside the live ones. Keep what the version before reads.
    """

    name: str
    tables: tuple[str, ...]
    feeds: tuple[Feed, ...]
    version: int = 1


READ_MODELS = (
    ReadModel(
        "alerts",
        ("alerts", "timeline", "approaching"),
        (
            Feed(
                "projections-alerts",
                Source(contracts.ALERTS.name, "alerts"),
                AlertsFold,
                alerts.write,
                alerts_loading.load,
            ),
        ),
        version=3,
    ),
    ReadModel(
        "roster",
        ("identities", "enrolments"),
        (
            Feed("projections-register", Source(contracts.REGISTER.name, "register"), RosterFold, roster.write),
            Feed(
                "projections-school",
                Source(contracts.SCHOOL.name, "school", (StudentEnrolled.FACT, StudentLeft.FACT)),
                RosterFold,
                roster.write,
            ),
        ),
    ),
    ReadModel(
        "mails",
        ("mails",),
        (
            Feed(
                "projections-mails",
                Source(contracts.NOTIFICATIONS.name, "notifications"),
                MailsFold,
                mails.write,
            ),
        ),
    ),
    ReadModel(
        "parcours",
        ("parcours", "parcours_timeline", "placements", "delays", "delay_timeline"),
        (
            Feed(
                "projections-parcours",
                Source(
                    contracts.PARCOURS.name,
                    "parcours",
                    contracts.filters_of("projections", contracts.PARCOURS),
                    sifted=True,
                ),
                ParcoursFold,
                parcours.write,
            ),
        ),
    ),
)
ERASURES = "projections-erasures"
ERASURES_SOURCE = Source(contracts.SCHOOL.name, "school", (StudentErased.FACT,))
