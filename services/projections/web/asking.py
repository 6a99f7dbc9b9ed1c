"""The filters of the pages, as they stand in the address: readable, in French, and never an error."""

import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass

from fastapi import Request

from services.projections.reading.alerts import SORTS
from services.projections.reading.filters import AlertFilters, ApproachFilters
from services.projections.web.searches import FIELD, Searches, printable
from services.projections.web.words import STATE_SLUGS

PAGE_SIZE = 25
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


def text_of(request: Request, name: str) -> str:
    """A parameter of the address: short, printable, empty when it is not there."""
    return printable(request.query_params.get(name, ""))


def searched(request: Request, searches: Searches) -> tuple[str, str]:
    """What is looked for, and the seal it came under, for the addresses of the list."""
    sealed = request.query_params.get(FIELD, "")
    text = searches.read(sealed)
    return text, sealed if text else ""


def page_of(request: Request) -> int:
    """Which page of a list is asked for; the first when that is not clear."""
    page = text_of(request, "page")
    return int(page) if page.isascii() and page.isdigit() and 0 < int(page) < 100_000 else 1


@dataclass(frozen=True)
class Asked:
    """What somebody asked of a list; what could not be understood is left out, as if not asked."""

    level: int | None
    state: str
    month: str | None
    uai: str | None
    class_name: str
    search: str
    sealed: str
    sort: str
    page: int

    @classmethod
    def of(cls, request: Request, searches: Searches) -> "Asked":
        """From the address of the page."""
        search, sealed = searched(request, searches)
        level, month = text_of(request, "niveau"), text_of(request, "mois")
        state, sort = text_of(request, "etat"), text_of(request, "tri")
        return cls(
            level=int(level) if level in ("1", "2") else None,
            state=state if state in STATE_SLUGS else "",
            month=month if _MONTH.fullmatch(month) else None,
            uai=text_of(request, "etablissement").upper() or None,
            class_name=text_of(request, "classe"),
            search=search,
            sealed=sealed,
            sort=sort if sort in SORTS else "recentes",
            page=page_of(request),
        )

    @property
    def parameters(self) -> Mapping[str, object]:
        """The same, for the addresses of other pages of the list; without the page number."""
        return {
            "niveau": self.level,
            "etat": self.state,
            "mois": self.month,
            "etablissement": self.uai,
            "classe": self.class_name,
            FIELD: self.sealed,
            "tri": self.sort if self.sort != "recentes" else None,
        }

    @property
    def narrows(self) -> bool:
        """Whether anything narrows the list."""
        return any((self.level, self.state, self.month, self.uai, self.class_name, self.search))

    @property
    def skip(self) -> int:
        """How many rows come before this page."""
        return (self.page - 1) * PAGE_SIZE

    def alerts(self) -> AlertFilters:
        """As a filter of alerts."""
        states = (STATE_SLUGS[self.state],) if self.state else ()
        return AlertFilters(self.level, states, self.uai, self.month, self.class_name, self.search)

    def approaches(self) -> ApproachFilters:
        """As a filter of early warnings."""
        return ApproachFilters(self.month, self.level, self.uai, self.class_name, self.search)


@dataclass(frozen=True)
class Paging:
    """Where in a list this page is."""

    page: int
    total: int

    @classmethod
    def of(cls, page: int, rows: Sized, count: Callable[[], int]) -> "Paging":
        """Of the page that shows `rows`. Counting takes as long as finding: only where the rows do not tell."""
        shown = len(rows)
        ends_here = shown < PAGE_SIZE and (shown > 0 or page == 1)
        return cls(page, (page - 1) * PAGE_SIZE + shown if ends_here else count())

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def first(self) -> int:
        """The rank of the first row shown."""
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """The rank of the last row shown."""
        return min(self.page * PAGE_SIZE, self.total)
