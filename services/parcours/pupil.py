"""What a pupil has going on: at most one open parcours, and all that concerns the pupil. Pure."""

from datetime import datetime
from uuid import UUID

from chassis.events import Aggregate, Event
from contracts.parcours import Scheme
from services.parcours import events
from services.parcours.refusals import Refused, not_renewable, pupil_erased
from services.parcours.rules import Once


class Pupil(Aggregate):
    """Its id is the pupil's. Two people who open a parcours at once meet here."""

    def __init__(self, id: UUID) -> None:  # noqa: A002
        super().__init__(id)
        self.open: UUID | None = None
        self.followed: list[str] = []
        self.concerned: dict[UUID, None] = {}
        self.erased = False

    def require_known(self) -> None:
        """Raises Refused when the pupil was erased."""
        if self.erased:
            raise pupil_erased()

    def take(self, parcours_id: UUID, scheme: Scheme, now: datetime, once: Once | None = None) -> None:
        """Have this parcours open. Raises Refused: one at a time, and not a scheme that is followed `once` again."""
        self.require_known()
        if self.open:
            raise Refused(
                "another_is_open",
                "Cet élève suit déjà un parcours.",
                "Clôturez-le avec une issue, ou prolongez-le si sa durée le permet.",
            )
        for followed in self.followed:
            if once and followed in once.names:
                raise not_renewable(scheme, Scheme(followed), once)
        self.record(events.PupilTaken(at=now, parcours_id=parcours_id, scheme=scheme.value))

    def free(self, parcours_id: UUID, now: datetime) -> None:
        """This parcours is not open any more."""
        if self.open == parcours_id:
            self.record(events.PupilFree(at=now, parcours_id=parcours_id))

    def concern(self, about_id: UUID, now: datetime) -> None:
        """Something is about the pupil."""
        self.require_known()
        if about_id not in self.concerned:
            self.record(events.PupilConcerned(at=now, about_id=about_id))

    def erase(self, now: datetime) -> None:
        """The pupil was erased, maybe before anything was said."""
        if not self.erased:
            self.record(events.PupilErased(at=now))

    def apply(self, event: Event) -> None:
        """What each event changes."""
        match event:
            case events.PupilTaken():
                self.open = event.parcours_id
                self.followed.append(event.scheme)
                self.concerned[event.parcours_id] = None
            case events.PupilFree():
                self.open = None
            case events.PupilConcerned():
                self.concerned[event.about_id] = None
            case events.PupilErased():
                self.erased = True
            case _:
                super().apply(event)
