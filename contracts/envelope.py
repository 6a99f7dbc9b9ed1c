"""The envelope every event travels in: CloudEvents 1.0, structured JSON."""

from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

CONTENT_TYPE = "application/cloudevents+json"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time must carry its offset, as 2025-10-06T08:00:00+02:00")
    return value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_aware)]


def correlation_of(source: str, id: str) -> UUID:  # noqa: A002
    """What ties together all that follows from the event `id` of `source`: the same for whoever works it out."""
    return UUID(bytes=blake2b(f"{source}\n{id}".encode(), digest_size=16).digest())


class Payload(BaseModel):
    """What a contract event says. Unknown fields are ignored: a version only ever grows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    FACT: ClassVar[str]

    def __init_subclass__(cls, *, context: str = "", fact: str = "", version: int = 1) -> None:
        super().__init_subclass__()
        if fact:
            cls.TYPE = f"fr.perseverance.{context}.{fact}.v{version}"
            cls.FACT = fact


P = TypeVar("P", bound=Payload)


class Envelope(BaseModel, Generic[P]):
    """A fact on its way between services.

    `id` is unique for its `source`; `subject` is a pseudonymous id, never a name or an INE;
    `time` is when the fact happened according to its sender, `recordedtime` when we kept it;
    `correlationid` is that of the fact or command all began with, `causationid` the id of what it follows from.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(min_length=1, max_length=256)]
    source: Annotated[str, Field(min_length=1, max_length=256)]
    type: str
    subject: str
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: UUID | None = None
    causationid: str | None = None
    recordedtime: Instant | None = None
    data: P

    def to_json(self) -> bytes:
        """The bytes that go on the wire."""
        return self.model_dump_json(exclude_none=True).encode()


@cache
def envelope_class(contract: type[P]) -> type[Envelope[P]]:
    """The envelope that carries `contract`, when the class is known only at run time."""
    return cast("type[Envelope[P]]", Envelope.__class_getitem__(contract))


def wrap(data: P, *, id: str, source: str, subject: str, time: datetime, **more: Any) -> Envelope[P]:  # noqa: A002
    """`data` in its envelope; `more` holds the optional attributes (correlationid, causationid, recordedtime)."""
    return envelope_class(type(data))(
        id=id, source=source, type=data.TYPE, subject=subject, time=time, data=data, **more
    )
