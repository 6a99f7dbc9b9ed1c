"""Whether the stream REGISTER, which keeps the last message of each subject, is the register as it stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.chaos.verdicts import DOUBLED, INVERTED, LOST, Complaints

_IDENTITY = ("ine", "uai", "last_name", "first_name", "birth_date", "class_name")


class Line(NamedTuple):
    """A pupil in the register, and the place of the last change among all; without an INE: erased."""

    position: int
    student_id: str
    ine: str | None
    uai: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: str | None = None
    class_name: str | None = None


def complaints(lines: Sequence[Line], messages: Sequence[tuple[int, Mapping[str, Any]]]) -> Complaints:
    """Each pupil has one message, the one of the last change, and it says what the line says."""
    pupils = Counter(event["data"]["student_id"] for _, event in messages)
    if twice := sum(1 for count in pupils.values() if count > 1):
        yield DOUBLED, f"REGISTER: {twice} pupils have several messages"
    last = {event["data"]["student_id"]: (position, event) for position, event in messages}
    if missing := sum(1 for line in lines if line.student_id not in last):
        yield LOST, f"REGISTER: {missing} pupils have no message"
    if unknown := len(last.keys() - {line.student_id for line in lines}):
        yield DOUBLED, f"REGISTER: {unknown} pupils that the register does not know"
    told = [(line, *last[line.student_id]) for line in lines if line.student_id in last]
    if behind := sum(1 for line, position, _ in told if position != line.position):
        yield INVERTED, f"REGISTER: {behind} pupils' last message is not of their last change"
    if others := sum(1 for line, _, event in told if not _says(event, line)):
        yield LOST, f"REGISTER: {others} pupils' message does not say what the register says"


def _says(event: Mapping[str, Any], line: Line) -> bool:
    fact = "pupil_forgotten" if line.ine is None else "pupil_identified"
    said = event["data"]
    return event["type"].split(".")[-2] == fact and all(said.get(name) == getattr(line, name) for name in _IDENTITY)
