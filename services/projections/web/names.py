"""What schools and people are called, for pages that only hold their codes."""

from dataclasses import dataclass

from contracts.directory import Actor
from services.projections.directory import Directory
from services.projections.web import words


@dataclass(frozen=True)
class Names:
    """Names out of the directory, for somebody's pages."""

    directory: Directory

    def school(self, uai: str) -> str:
        """The school's name, or its identifier."""
        found = self.directory.school(uai)
        return found.name if found else uai

    def territory(self, actor: Actor) -> str:
        """`Lycée des Tilleuls (…)`, `réseau FOQUALE-31-1`, or the bare code where no school of the directory has it."""
        code = actor.territory
        if school := self.directory.school(code):
            return f"{school.name} ({school.uai})"
        for school in self.directory.schools():
            for kind, called in words.TERRITORIES.items():
                if getattr(school, kind) == code and code in school.territories(actor.role):
                    return f"{called} {code}"
        return code

    def person(self, actor_id: str | None) -> str:
        """`Dominique Exemple, CPE`, or the bare identifier; nothing for nobody."""
        if actor_id is None:
            return ""
        found = self.directory.actor(actor_id)
        return f"{found.name} ({words.ROLES[found.role]})" if found else actor_id
