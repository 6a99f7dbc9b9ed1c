"""Schools and people in charge, as the directory has them now."""

from collections.abc import Sequence

from pydantic import ValidationError

from chassis.logs import Log
from chassis.reference import Reference
from contracts.catalogue import DIRECTORY
from contracts.directory import EMPTY, Actor, Role, School

log = Log("projections")


def _decode(key: str, value: bytes) -> School | Actor:
    contract: type[School] | type[Actor] = School if key.startswith("school.") else Actor
    try:
        return contract.model_validate_json(value)
    except ValidationError:
        raise ValueError("not as its contract says") from None


class Directory:
    """What the bucket DIRECTORY holds; `reference` keeps it up to date."""

    def __init__(self) -> None:
        self.reference: Reference[School | Actor] = Reference(DIRECTORY.name, _decode, on_change=self._look)

    @property
    def loaded(self) -> bool:
        """Whether it has been read once: before that nobody is known, and nobody unknown."""
        return self.reference.loaded

    async def _look(self) -> None:
        if not self.reference.values():
            log.error("directory.empty", what=EMPTY)

    def actor(self, actor_id: str) -> Actor | None:
        """This person, or None."""
        found = self.reference.get(f"actor.{actor_id}")
        return found if isinstance(found, Actor) else None

    def school(self, uai: str) -> School | None:
        """This school, or None."""
        found = self.reference.get(f"school.{uai}")
        return found if isinstance(found, School) else None

    def schools(self) -> Sequence[School]:
        """Every school."""
        return [each for each in self.reference.values() if isinstance(each, School)]

    def actors(self) -> Sequence[Actor]:
        """Everyone, by role in the order of the rule book, then by name."""
        order = {role: place for place, role in enumerate(Role)}
        everyone = [each for each in self.reference.values() if isinstance(each, Actor)]
        return sorted(everyone, key=lambda actor: (order[actor.role], actor.name, actor.id))
