"""What every page and every answer of the API needs, in one place."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from chassis.clock import Clock
from services.projections.acts import Acts
from services.projections.directory import Directory
from services.projections.live import Changes
from services.projections.reading.cursors import Cursors
from services.projections.reading.readings import Readings
from services.projections.secrets import Secrets
from services.projections.settings import ProjectionsSettings
from services.projections.web.names import Names
from services.projections.web.searches import Searches
from services.projections.web.views import Views


@dataclass(frozen=True)
class Site:
    """The service as its web side sees it."""

    settings: ProjectionsSettings
    secrets: Secrets
    clock: Clock
    directory: Directory
    readings: Readings
    cursors: Cursors
    searches: Searches
    acts: Acts
    changes: Changes
    views: Views

    @property
    def names(self) -> Names:
        """What schools and people are called."""
        return Names(self.directory)


def site_of(request: Request) -> Site:
    """The site this request is for."""
    return cast("Site", request.app.state.site)


TheSite = Annotated[Site, Depends(site_of)]
