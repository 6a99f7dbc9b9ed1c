"""What somebody asks of the list of parcours, as it stands in the address: readable, and never an error."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from fastapi import Request

from contracts.parcours import ParcoursState
from services.projections.reading.filters import ParcoursFilters
from services.projections.reading.parcours import RUNNING, SOON, SORTS
from services.projections.web.asking import PAGE_SIZE, page_of, searched, text_of
from services.projections.web.searches import FIELD, Searches
from services.projections.web.words_parcours import SCHEME_SLUGS

FIRST_SORT = "fin"
VIEWS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "en-cours": ("En cours", RUNNING),
    "expirent": ("Expirent sous 30\u00a0jours", RUNNING),
    "expires": ("Expirés sans suite", (ParcoursState.EXPIRED.value,)),
    "proposes": ("Proposés", (ParcoursState.PROPOSED.value,)),
    "clos": ("Clos ou écartés", (ParcoursState.CLOSED.value, ParcoursState.REFUSED.value)),
}
"""The tabs: what each is called and which states it holds."""
FIRST_VIEW, ENDING_SOON = "en-cours", "expirent"


@dataclass(frozen=True)
class AskedParcours:
    """Which parcours; what could not be understood is left out, as if not asked."""

    view: str
    scheme: str
    uai: str | None
    search: str
    sealed: str
    sort: str
    page: int

    @classmethod
    def of(cls, request: Request, searches: Searches) -> "AskedParcours":
        """From the address of the page."""
        search, sealed = searched(request, searches)
        view, scheme, sort = (text_of(request, name) for name in ("vue", "type", "tri"))
        return cls(
            view=view if view in VIEWS else FIRST_VIEW,
            scheme=scheme if scheme in SCHEME_SLUGS else "",
            uai=text_of(request, "etablissement").upper() or None,
            search=search,
            sealed=sealed,
            sort=sort if sort in SORTS else FIRST_SORT,
            page=page_of(request),
        )

    @property
    def parameters(self) -> Mapping[str, object]:
        """The same, for the addresses of other pages of the list; without the page number."""
        return {
            "vue": self.view if self.view != FIRST_VIEW else None,
            "type": self.scheme,
            "etablissement": self.uai,
            FIELD: self.sealed,
            "tri": self.sort if self.sort != FIRST_SORT else None,
        }

    @property
    def narrows(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return any((self.scheme, self.uai, self.search))

    @property
    def skip(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * PAGE_SIZE

    def filters(self, today: date) -> ParcoursFilters:
        """As a filter of parcours."""
        return ParcoursFilters(
            states=VIEWS[self.view][1],
            scheme=SCHEME_SLUGS[self.scheme].value if self.scheme else None,
            uai=self.uai,
            ends_by=today + SOON if self.view == ENDING_SOON else None,
            search=self.search,
        )

    def tab(self, view: str) -> "AskedParcours":
        """The same in another tab, from its first page."""
        return replace(self, view=view, page=1)
