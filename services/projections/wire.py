"""Contract events as they lie on the wire, read with msgspec: the part of each that a read model keeps.

The contracts are pydantic classes; reading them costs five times more than this, and a read model is
filled at tens of thousands of events a second. A test holds these against every shipped example.
Ids and times stay text: PostgreSQL reads them, and says no where they are wrong.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Raw

from chassis.messages import Message, Unprocessable
from services.projections import wire_parcours
from services.projections.wire_parts import Data as Data
from services.projections.wire_parts import Small

D = TypeVar("D", bound=Data)


class Fact(msgspec.Struct, Generic[D], frozen=True, gc=False):
    """The envelope: `id` and `time` of the event, and what it says."""

    id: str
    type: str
    time: str
    data: D


class HalfDay(Data, frozen=True):
    """A date and `MORNING` or `AFTERNOON`."""

    date: str
    period: Literal["MORNING", "AFTERNOON"]


class Evidence(Data, frozen=True):
    """Half-days counted and left out, and the rule they were held against, kept as the JSON they came in."""

    counted: Raw
    left_out: Raw
    rule: Raw


class Approached(Data, frozen=True):
    """`ThresholdApproached`."""

    student_id: str
    uai: str
    school_year: str
    month: str
    level: Literal[1, 2]
    half_days: Small
    evidence: Raw


class Reached(Data, frozen=True):
    """`AbsenceThresholdReached`."""

    alert_id: str
    attendance_id: str
    student_id: str
    uai: str
    school_year: str
    month: str
    level: Literal[1, 2]
    half_days: Small
    reached_on: HalfDay
    evidence: Evidence


class EvidenceChanged(Data, frozen=True):
    """`AlertEvidenceChanged`."""

    alert_ids: tuple[str, ...]
    half_days: Small
    tally: Raw


class Acknowledged(Data, frozen=True):
    """`AlertAcknowledged`."""

    alert_id: str
    by: str
    command_id: str


class FollowedUp(Data, frozen=True):
    """`FollowUpRecorded`."""

    alert_id: str
    by: str
    command_id: str
    kind: str
    on: str


class Lifted(Data, frozen=True):
    """`AlertLifted`."""

    alert_id: str
    cause: str
    half_days: Small
    evidence: Evidence


class Closed(Data, frozen=True):
    """`AlertClosed`."""

    alert_id: str
    by: str
    command_id: str
    motive: str


class Mail(Data, frozen=True, kw_only=True):
    """`MailRequested`, and what the other two have in common with it."""

    mail_id: str
    student_id: str
    uai: str
    role: str
    template: str
    about_id: str | None = None
    alert_id: str | None = None
    actor_id: str | None = None


class Sent(Mail, frozen=True, kw_only=True):
    """`MailSent`."""

    message_id: str
    attempt: Small
    rendered_hash: str
    sent_at: str
    doubtful: bool = False


class Failed(Mail, frozen=True, kw_only=True):
    """`MailFailed`."""

    outcome: Literal["deferred", "uncertain", "refused", "unaddressed", "cancelled"]
    attempt: Small = 0
    smtp_code: int | None = None


class Enrolled(Data, frozen=True, kw_only=True):
    """`StudentEnrolled`."""

    student_id: str
    uai: str
    since: str | None = None
    class_name: str | None = None
    mef: str | None = None
    status: str = "STUDENT"


class Left(Data, frozen=True):
    """`StudentLeft`."""

    student_id: str
    uai: str
    on: str


class Erased(Data, frozen=True):
    """`StudentErased`."""

    student_id: str


class Identified(Data, frozen=True, kw_only=True):
    """`PupilIdentified`."""

    student_id: str
    ine: str
    uai: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: str | None = None
    class_name: str | None = None


class Forgotten(Data, frozen=True):
    """`PupilForgotten`."""

    student_id: str


FACTS: Mapping[str, type[Data]] = {
    "fr.perseverance.alerts.threshold_approached.v1": Approached,
    "fr.perseverance.alerts.absence_threshold_reached.v1": Reached,
    "fr.perseverance.alerts.alert_evidence_changed.v1": EvidenceChanged,
    "fr.perseverance.alerts.alert_acknowledged.v1": Acknowledged,
    "fr.perseverance.alerts.follow_up_recorded.v1": FollowedUp,
    "fr.perseverance.alerts.alert_lifted.v1": Lifted,
    "fr.perseverance.alerts.alert_closed.v1": Closed,
    "fr.perseverance.notifications.mail_requested.v1": Mail,
    "fr.perseverance.notifications.mail_sent.v1": Sent,
    "fr.perseverance.notifications.mail_failed.v1": Failed,
    "fr.perseverance.school.student_enrolled.v1": Enrolled,
    "fr.perseverance.school.student_left.v1": Left,
    "fr.perseverance.school.student_erased.v1": Erased,
    "fr.perseverance.register.pupil_identified.v1": Identified,
    "fr.perseverance.register.pupil_forgotten.v1": Forgotten,
    **wire_parcours.FACTS,
}


def _decoder(name: str, data: type[Data]) -> Callable[[bytes], Fact[Any]]:
    # A class for each type, so that an event which says it is of another one is not taken for this one.
    fields = [("type", Literal[name]), ("data", data)]
    of_type = msgspec.defstruct("Fact", fields, bases=(Fact,), frozen=True, gc=False)
    decoder: msgspec.json.Decoder[Fact[Any]] = msgspec.json.Decoder(of_type)
    return decoder.decode


_DECODERS = {name: _decoder(name, data) for name, data in FACTS.items()}
_BY_LAST_TOKEN = {name.split(".")[-2]: decode for name, decode in _DECODERS.items()}


class _Type(msgspec.Struct, gc=False):
    type: str


_type_of = msgspec.json.Decoder(_Type).decode


def read(message: Message) -> Fact[Any]:
    """The fact in `message`. Raises Unprocessable, with no value in its reason.

    The last token of the subject says what to expect, so that most messages are read in one go; where
    it says something else than the envelope, as on a compacted stream, the envelope is right.
    """
    try:
        return _expected(message.subject)(message.data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _by_envelope(message.data)


@lru_cache(maxsize=4096)
def _expected(subject: str) -> Callable[[bytes], Fact[Any]]:
    return _BY_LAST_TOKEN.get(subject.rpartition(".")[2], _by_envelope)


def _by_envelope(data: bytes) -> Fact[Any]:
    try:
        decode = _DECODERS.get(_type_of(data).type)
        if decode is None:
            raise Unprocessable("an event of a type this read model does not know")
        try:
            return decode(data)
        except msgspec.ValidationError as error:
            # The part before " - at " may quote a value of the message; the place never does.
            place = str(error).partition(" - at ")[2].strip("`")
            raise Unprocessable(f"a field is missing or of the wrong form, at {place[:80] or 'the top'}") from None
    except msgspec.DecodeError:
        raise Unprocessable("not a JSON event of a known form") from None
    except UnicodeDecodeError:  # in what the first look passed over
        raise Unprocessable("not UTF-8") from None
