"""What schools and people are called, for pages that only hold their codes."""

from dataclasses import dataclass

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

    def person(self, actor_id: str | None) -> str:
        """`Dominique Exemple, CPE`, or the bare identifier; nothing for nobody."""
        if actor_id is None:
            return ""
        found = self.directory.actor(actor_id)
        return f"{found.name} ({words.ROLES[found.role]})" if found else actor_id
