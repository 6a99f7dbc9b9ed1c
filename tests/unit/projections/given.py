"""Facts as a reader hands them over, made from the shipped examples."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from chassis.messages import Message
from contracts.envelope import Envelope
from contracts.streams import partition_of, register_subject, subject_of
from services.projections.folding import Item
from services.projections.handlers import Fold, item_of

F = TypeVar("F", bound=Fold)


def message(envelope: Envelope[Any], seq: int = 1) -> Message:
    """`envelope` as it lies in its stream."""
    student = UUID(envelope.subject)
    context = envelope.type.split(".")[2]
    register = context == "register"
    subject = register_subject(student) if register else subject_of(context, student, type(envelope.data).FACT)
    return Message(seq, partition_of(envelope.subject), subject, envelope.to_json())


def items(envelopes: Iterable[Envelope[Any]], first: int = 1) -> list[Item]:
    """Facts in order, the first at stream sequence `first`."""
    return [item_of(message(envelope, seq)) for seq, envelope in enumerate(envelopes, first)]


def folded(fold: F, envelopes: Iterable[Envelope[Any]]) -> F:
    """`fold` once it took these facts in."""
    for item in items(envelopes):
        fold.add(item)
    return fold
