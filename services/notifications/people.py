"""Who must be told: role x territory, on the day it is asked, from the directory. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from contracts.directory import Actor, Role, School
from services.notifications.audience import PARTNERS, audience_of, standing_in
from services.notifications.facts import Fact
from services.notifications.mime import usable

_SCHOOL_ROLES = (Role.CHEF_ETAB, Role.CPE)


class Recipient(NamedTuple):
    """Somebody to tell in a role, or None when the directory has nobody in it."""

    role: Role
    actor: Actor | None


def decode_entry(key: str, data: bytes) -> School | Actor:
    """An entry of the DIRECTORY bucket. Raises ValueError: somebody who cannot be written to is nobody here."""
    entry = (School if key.startswith("school.") else Actor).model_validate_json(data)
    if isinstance(entry, Actor) and not usable(entry.email):
        raise ValueError("an address that cannot be used")
    return entry


class People:
    """The directory as it was read at one moment."""

    def __init__(self, entries: Iterable[School | Actor]) -> None:
        self._schools: dict[str, School] = {}
        self._actors: dict[str, Actor] = {}
        self._by_place: dict[tuple[Role, str], list[Actor]] = defaultdict(list)
        for entry in entries:
            if isinstance(entry, School):
                self._schools[entry.uai] = entry
            else:
                self._actors[entry.id] = entry
                self._by_place[entry.role, entry.territory].append(entry)

    def school(self, uai: str) -> School | None:
        """The school, if the directory has it."""
        return self._schools.get(uai)

    def in_charge(self, actor_id: str, day: date) -> Actor | None:
        """This person, if still in charge on `day`."""
        actor = self._actors.get(actor_id)
        return actor if actor and actor.in_charge_on(day) else None

    def in_role(self, role: Role, uai: str, day: date) -> list[Actor]:
        """The people in `role` for this school on `day`, in the order of their ids.

        The head and the CPE are those of the school itself. Others are those of the narrowest
        of the school's territories that has any: its network, else its department, else its academy...
        """
        for place in self._places(role, uai):
            found = [actor for actor in self._by_place.get((role, place), ()) if actor.in_charge_on(day)]
            if found:
                return sorted(found, key=lambda actor: actor.id)
        return []

    def to_tell_of(self, fact: Fact, uai: str, day: date) -> list[Recipient]:
        """Everyone who must know of `fact`; never nobody at all."""
        recipients = self.to_tell(audience_of(fact), uai, day)
        if any(who.actor for who in recipients):
            return recipients
        return recipients + self.to_tell(standing_in(fact), uai, day)

    def to_tell(self, roles: Collection[Role], uai: str, day: date) -> list[Recipient]:
        """Everyone in these roles for this school; nobody twice, even in two roles."""
        recipients: list[Recipient] = []
        addresses: set[str] = set()
        for role in roles:
            people = self.in_role(role, uai, day)
            if not people and role not in PARTNERS:
                recipients.append(Recipient(role, None))
            for actor in people:
                if actor.email.casefold() not in addresses:
                    addresses.add(actor.email.casefold())
                    recipients.append(Recipient(role, actor))
        return recipients

    def _places(self, role: Role, uai: str) -> list[str]:
        school = self._schools.get(uai)
        if role in _SCHOOL_ROLES or school is None:
            return [uai]
        return [place for place in school.territories(role) if place]
