"""The roster: who a pseudonymous id is, and where the pupil is on the roll."""

import unicodedata
from datetime import datetime
from typing import NamedTuple

import msgspec

from services.projections import wire
from services.projections.folding import Item

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ł": "l"})


def plain(text: str) -> str:
    """`text` without accents, case or punctuation: `Éloïse LE-GOFF` gives `eloise le goff`."""
    # Decomposed before and after: some letters have a capital inside them, and some lose an accent to their case.
    lowered = unicodedata.normalize("NFKD", text).lower().translate(_LIGATURES)
    lowered = unicodedata.normalize("NFKD", lowered)
    kept = "".join(c if c.isalnum() else " " for c in lowered if not unicodedata.combining(c))
    return " ".join(kept.split())


class IdentityRow(NamedTuple):
    """A row of `identities`, its columns in order."""

    student_id: str
    ine: str
    uai: str | None
    last_name: str | None
    first_name: str | None
    birth_date: str | None
    class_name: str | None
    search: str


class EnrolmentRow(msgspec.Struct, gc=False):
    """What a batch says of a pupil in a school. The fields are the columns of `enrolments`, in order."""

    student_id: str
    uai: str
    class_name: str | None = None
    mef: str | None = None
    status: str | None = None
    since: str | None = None
    enrolled_at: str | None = None
    left_on: str | None = None
    left_at: str | None = None


class RosterFold:
    """Facts of the streams REGISTER and SCHOOL; the last identity stands, and the latest enrolment."""

    def __init__(self) -> None:
        self.identities: dict[str, IdentityRow] = {}
        self.gone: set[str] = set()
        self.enrolments: dict[tuple[str, str], EnrolmentRow] = {}

    def add(self, item: Item) -> None:
        """Take in one fact; one that says nothing to this read model is passed over."""
        data, at = item.fact.data, item.fact.time
        if isinstance(data, wire.Identified):
            self.gone.discard(data.student_id)
            self.identities[data.student_id] = _identity(data)
        elif isinstance(data, wire.Forgotten):
            self.identities.pop(data.student_id, None)
            self.gone.add(data.student_id)
        elif isinstance(data, wire.Enrolled):
            row = self._enrolment(data.student_id, data.uai)
            if row.enrolled_at is None or _not_after(row.enrolled_at, at):
                row.class_name, row.mef, row.status = data.class_name, data.mef, data.status
                row.since, row.enrolled_at = data.since, at
        elif isinstance(data, wire.Left):
            row = self._enrolment(data.student_id, data.uai)
            if row.left_at is None or _not_after(row.left_at, at):
                row.left_on, row.left_at = data.on, at

    def _enrolment(self, student_id: str, uai: str) -> EnrolmentRow:
        key = (student_id, uai)
        if key not in self.enrolments:
            self.enrolments[key] = EnrolmentRow(student_id, uai)
        return self.enrolments[key]


def _not_after(known: str, new: str) -> bool:
    # As instants: "08:05:00Z" comes before "08:05:00.5Z", though not as text.
    return datetime.fromisoformat(known) <= datetime.fromisoformat(new)


def _identity(data: wire.Identified) -> IdentityRow:
    return IdentityRow(
        data.student_id,
        data.ine,
        data.uai,
        data.last_name,
        data.first_name,
        data.birth_date,
        data.class_name,
        plain(f"{data.last_name or ''} {data.first_name or ''}"),
    )
