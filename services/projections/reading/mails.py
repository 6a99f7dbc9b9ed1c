"""The journal of e-mails in sight."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.projections.reading.readings import Reading, Row

STATES = ("requested", "deferred", "sent", "refused", "uncertain", "unaddressed", "cancelled")
TROUBLED = ("refused", "uncertain", "unaddressed")
"""States somebody should look into."""

_COLUMNS = """
m.mail_id, m.alert_id, m.about_id, m.uai, m.role, m.actor_id, m.template, m.state, m.attempts, m.doubtful, m.message_id,
m.rendered_hash, m.smtp_code, m.requested_at, m.sent_at, m.changed_at
"""


class Place(NamedTuple):
    """Where a page of the journal ended."""

    requested_at: datetime
    mail_id: UUID


@dataclass(frozen=True)
class MailFilters:
    """Which e-mails; what is None or empty does not narrow anything."""

    states: tuple[str, ...] = ()
    alert_id: UUID | None = None
    uai: str | None = None
    about_id: UUID | None = None  # an alert, a parcours or a delay

    def where(self, reading: Reading) -> tuple[str, dict[str, Any]]:
        """The condition on `m`, always within the territory, and its parameters."""
        parts, parameters = ["m.uai = ANY(%(uais)s)"], {"uais": reading.uais}
        narrowing: dict[str, Any] = {
            "state": list(self.states),
            "alert_id": self.alert_id,
            "uai": self.uai,
            "about_id": self.about_id,
        }
        for column, value in narrowing.items():
            if value:
                parts.append(f"m.{column} = " + ("ANY(%(state)s)" if column == "state" else f"%({column})s"))
                parameters[column] = value
        return " AND ".join(parts), parameters


def page(reading: Reading, filters: MailFilters, size: int, after: Place | None = None) -> list[Row]:
    """The next `size` e-mails, the latest asked for first, after `after`."""
    condition, parameters = filters.where(reading)
    if after:
        condition += " AND (m.requested_at, m.mail_id) < (%(requested_at)s, %(mail_id)s)"
        parameters |= after._asdict()
    return _latest(reading, condition, parameters | {"size": size, "skip": 0})


def table(reading: Reading, filters: MailFilters, size: int, skip: int) -> list[Row]:
    """`size` e-mails, the latest asked for first, after the first `skip`."""
    condition, parameters = filters.where(reading)
    return _latest(reading, condition, parameters | {"size": size, "skip": skip})


def _latest(reading: Reading, condition: str, parameters: dict[str, Any]) -> list[Row]:
    return reading.cursor.execute(
        f"SELECT {_COLUMNS} FROM mails m WHERE {condition}"
        " ORDER BY m.requested_at DESC, m.mail_id DESC LIMIT %(size)s OFFSET %(skip)s",
        parameters,
    ).fetchall()


def count(reading: Reading, filters: MailFilters) -> int:
    """How many e-mails."""
    condition, parameters = filters.where(reading)
    row = reading.cursor.execute(f"SELECT count(*) AS total FROM mails m WHERE {condition}", parameters).fetchone()
    return int(row["total"]) if row else 0
