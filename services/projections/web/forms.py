"""Forms as they come in: each field read once, with what to say where it is missing; all of it kept to show again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from fastapi import Request

E = TypeVar("E", bound=StrEnum)
_LONGEST = 200


def day_of(text: str) -> date | None:
    """`12/10/2025` or `2025-10-12`."""
    parts = text.strip().split("/")
    try:
        return date.fromisoformat(text.strip() if len(parts) != 3 else "-".join(reversed(parts)))
    except ValueError:
        return None


@dataclass
class Sent:
    """A form that was sent: `act` says which of the page, and begins the id of each of its fields."""

    act: str = ""
    said: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    foreseen: dict[str, str] = field(default_factory=dict)

    def of(self, act: str) -> bool:
        """Whether it is this form of the page."""
        return self.act == act

    def get(self, act: str, name: str, otherwise: str = "") -> str:
        """What was said in a field of that form, if that form was sent."""
        return self.said.get(name, "") if self.act == act else otherwise

    def error(self, act: str, name: str) -> str:
        """What is wrong with a field of that form."""
        return self.errors.get(name, "") if self.act == act else ""

    def checked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.said.get(name))

    def day(self, name: str, missing: str) -> date:
        """A day; `missing` is said where there is none."""
        found = day_of(self.said.get(name, ""))
        if found is None:
            self.errors[name] = missing
        return found or date.min

    def maybe_day(self, name: str, wrong: str) -> date | None:
        """A day that may be left out."""
        return self.day(name, wrong) if self.said.get(name, "").strip() else None

    def choice(self, name: str, codes: type[E], missing: str) -> E:
        """One of these codes."""
        try:
            return codes(self.said.get(name, ""))
        except ValueError:
            self.errors[name] = missing
            return next(iter(codes))

    def number(self, name: str, least: int, most: int, wrong: str, *, required: bool = False) -> int | None:
        """A whole number, that may be left out unless it is required."""
        text = self.said.get(name, "").strip()
        if not text and not required:
            return None
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            self.errors[name] = wrong
            return None
        return int(text)

    def foresee(self, name: str, text: str) -> None:
        """Note what the service would refuse about a field, unless something is wrong with it already."""
        if name not in self.errors:
            self.foreseen.setdefault(name, text)

    def is_wrong(self, fields: Sequence[str] = ()) -> bool:
        """Whether it has to be shown again with its errors: all of them then, in the order of the page.

        One thing that the service would refuse is left to the service when nothing else is wrong: its refusal says
        which rule it rests on.
        """
        found = self.errors | {name: text for name, text in self.foreseen.items() if name not in self.errors}
        if not self.errors and len(found) < 2:
            return False
        places = list(fields or self.said)
        self.errors = dict(sorted(found.items(), key=lambda each: places.index(each[0]) if each[0] in places else 99))
        return True

    def identifier(self, name: str) -> UUID | None:
        """An id that the page put in the form."""
        try:
            return UUID(self.said.get(name, ""))
        except ValueError:
            return None


async def sent(request: Request, act: str) -> Sent:
    """The form in `request`; files and what is too long for any field of ours are left out."""
    async with request.form(max_files=0, max_fields=40) as form:
        said = {name: value for name, value in form.items() if isinstance(value, str) and len(value) <= _LONGEST}
    return Sent(act, said)
