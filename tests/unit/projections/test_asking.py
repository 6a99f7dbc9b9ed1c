from urllib.parse import urlencode

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from contracts.alerts import AlertState
from services.projections.secrets import Secrets
from services.projections.web.asking import PAGE_SIZE, Asked, Paging
from services.projections.web.searches import Searches
from services.projections.web.views import link

SEARCHES = Searches(Secrets(lambda: (b"a secret",)))


def asked(**parameters: str) -> Asked:
    request = Request({"type": "http", "query_string": urlencode(parameters).encode(), "headers": []})
    return Asked.of(request, SEARCHES)


def test_filters_are_read_from_the_address() -> None:
    found = asked(
        niveau="2", etat="a-traiter", mois="2025-10", recherche=SEARCHES.seal("Éloïse"), tri="eleve", page="3"
    )
    filters = found.alerts()
    assert (filters.level, filters.states, filters.month, filters.search) == (
        2,
        (AlertState.RAISED,),
        "2025-10",
        "Éloïse",
    )
    assert (found.sort, found.page, found.skip) == ("eleve", 3, 50)
    assert found.narrows


@pytest.mark.parametrize(
    "parameters",
    [
        {"niveau": "3"},
        {"niveau": "²"},
        {"etat": "autre"},
        {"mois": "2025-13"},
        {"mois": "octobre"},
        {"tri": "uai; drop"},
        {"page": "-1"},
        {"page": "1e9"},
        {"page": "٣"},
        {"recherche": "\x00\x01"},
        {"recherche": "Éloïse"},
        {"recherche": "DUPONT"},
        {"recherche": Searches(Secrets(lambda: (b"another secret",))).seal("Éloïse")},
    ],
)
def test_what_cannot_be_understood_is_as_if_it_had_not_been_asked(parameters: dict[str, str]) -> None:
    assert asked(**parameters) == asked()


@given(text=st.text())
def test_what_is_sealed_is_read_and_says_nothing(text: str) -> None:
    sealed = SEARCHES.seal(text)
    assert SEARCHES.read(sealed) == text
    assert not text or SEARCHES.seal(text) != sealed, "that it is the same pupil again does not show either"
    assert SEARCHES.read(sealed[:-1]) == SEARCHES.read(text) == ""


def test_the_address_of_a_list_keeps_its_filters_and_nothing_empty() -> None:
    assert link("/alertes", asked(niveau="1", page="4").parameters, page=5) == "/alertes?niveau=1&page=5"
    assert link("/alertes", asked().parameters) == "/alertes"


def test_pages_count_from_one_and_an_empty_list_has_one() -> None:
    assert (Paging(1, 0).pages, Paging(1, 25).pages, Paging(1, 26).pages) == (1, 1, 2)
    assert (Paging(2, 26).first, Paging(2, 26).last) == (26, 26)


def test_what_a_page_shows_tells_the_total_where_the_list_ends_and_is_counted_elsewhere() -> None:
    def never() -> int:
        raise AssertionError

    full = range(PAGE_SIZE)
    assert Paging.of(1, [], never) == Paging(1, 0)
    assert Paging.of(3, full[:4], never) == Paging(3, 2 * PAGE_SIZE + 4)
    assert Paging.of(2, full, lambda: 2 * PAGE_SIZE) == Paging(2, 2 * PAGE_SIZE), "there may be more"
    assert Paging.of(9, [], lambda: 7) == Paging(9, 7), "a page after the last one"
