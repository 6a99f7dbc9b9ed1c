"""An example of each event that is stored, made from its type: with everything it may say, and with the least.

Where a type holds one of several kinds of things, there is an example with each.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import inspect

from chassis.events import Event, Recorded, decode, encode
from contracts.examples import UAI

SERVICES = ("alerts", "parcours", "notifications")
_AT = "2025-10-06T12:00:00Z"
_ENDS = frozenset({"ends_on", "last_day", "until", "last"})
_SAID: dict[str, Any] = {
    "actor_id": "cpe-31",
    "answer": "250 2.0.0 taken",
    "by": "cpe-31",
    "category": "FAMILY",
    "cautions": "ENDS_AFTER_DECEMBER",
    "cause": "a message or a command",
    "code": 450,
    "id": "ABS-N1",
    "kind": "RETURN_INTERVIEW",
    "level": 1,
    "month": "2025-10",
    "motive": "ATTENDANCE_RESTORED",
    "outcome": "TRAINING",
    "partner": "CFA",
    "referent_id": "mlds-31",
    "role": "CPE",
    "scheme": "TDO",
    "source": "/school-systems/vie-scolaire",
    "template": "alert_level_1",
    "uai": UAI,
    "version": "2025-09",
    "why": "SCHOOL_DECIDED",
}
_SAID_OF: dict[str, dict[str, Any]] = {"alerts.FollowUpRecorded.1": {"kind": "FAMILY_CONTACTED"}}


def classes(service: str) -> list[type[Event]]:
    """Every event this service stores."""
    module = import_module(f"services.{service}.events")
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Event) and each.__module__ == module.__name__
        if "TOPIC" in vars(each)
    ]


def examples(event: type[Event]) -> Iterator[dict[str, Any]]:
    """The stored forms, as JSON."""
    told = set()
    kinds = 1
    for everything in (True, False):
        turn = 0
        while turn < kinds:
            filler = _Filler(event.TOPIC, everything, turn)
            state = encode(decode(event.TOPIC, msgspec.json.encode(filler.value("", inspect.type_info(event)))))
            kinds, turn = max(kinds, filler.kinds), turn + 1
            if state not in told:
                told.add(state)
                yield json.loads(state)


def said(service: str, topic: str, state: dict[str, Any]) -> dict[str, Any] | None:
    """What the house is told of a stored event, the second of its aggregate; None when that is nobody's business."""
    translate = import_module(f"services.{service}.translation").translate
    event = decode(topic, msgspec.json.encode(state))
    told = translate(Recorded(_uuid("aggregate"), 2, event, 40))
    return told and {"subject": told[0], "data": json.loads(told[1])}


def _uuid(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"perseverance/golden/{name}")


class _Filler:
    """Makes a value of any type; `turn` says which of several kinds of things to choose."""

    def __init__(self, topic: str, everything: bool, turn: int) -> None:
        self._said = _SAID | _SAID_OF.get(topic, {})
        self._everything, self._turn = everything, turn
        self.kinds = 1

    def value(self, name: str, kind: inspect.Type) -> Any:
        """An example of what `name` may hold."""
        match kind:
            case inspect.StructType():
                return self._struct(kind)
            case inspect.NamedTupleType():
                return [self.value(field.name, field.type) for field in kind.fields]
            case inspect.TupleType():
                return [self.value(name, each) for each in kind.item_types]
            case inspect.ListType() | inspect.VarTupleType():
                return [self.value(name, kind.item_type)]
            case inspect.UnionType():
                return self._one_of(name, kind)
        return self._plain(name, kind)

    def _plain(self, name: str, kind: inspect.Type) -> Any:
        match kind:
            case inspect.EnumType():
                return next(iter(kind.cls)).value
            case inspect.UUIDType():
                return str(_uuid(name))
            case inspect.DateTimeType():
                return _AT
            case inspect.DateType():
                return "2026-02-05" if name in _ENDS else "2025-10-06"
            case inspect.BoolType():
                return True
            case inspect.IntType():
                return self._said.get(name, 4)
            case inspect.StrType():
                return self._said.get(name, f"a {name}")
        raise TypeError(f"no example of {kind}")

    def _struct(self, kind: inspect.StructType) -> Any:
        fields = {
            field.encode_name: self.value(field.name, field.type)
            for field in kind.fields
            if field.required or self._everything
        }
        tag = {kind.tag_field: kind.tag} if kind.tag_field else {}
        return list(fields.values()) if kind.array_like else tag | fields

    def _one_of(self, name: str, union: inspect.UnionType) -> Any:
        kinds = [each for each in union.types if not isinstance(each, inspect.NoneType)]
        if len(kinds) < len(union.types) and not self._everything:
            return None
        self.kinds = max(self.kinds, len(kinds))
        return self.value(name, kinds[self._turn % len(kinds)])
