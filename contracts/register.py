"""Identities, apart from everything else (stream REGISTER: compacted, one message a pupil)."""

from datetime import date

from contracts.envelope import Payload
from contracts.identifiers import Ine, StudentId, Uai


class PupilIdentified(Payload, context="register", fact="pupil_identified"):
    """Who a pseudonymous id is. The only contract that carries a name; it never enters a log."""

    student_id: StudentId
    ine: Ine
    uai: Uai | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: date | None = None
    class_name: str | None = None


class PupilForgotten(Payload, context="register", fact="pupil_forgotten"):
    """The identity behind this id was erased; this replaces the message that held it."""

    student_id: StudentId
