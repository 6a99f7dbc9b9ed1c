"""The form that opens a parcours: all that is wrong with it is said at once, in the order of the page."""

import pytest

from services.projections.web.forms import Sent
from services.projections.web.opening_form import FIELDS, opening_of, scheme_of

TDO = {
    "type": "TDO",
    "debut": "2025-10-13",
    "fin": "2026-01-12",
    "volontaire": "oui",
    "solutions": "oui",
    "pourquoi": "GPDS_DECIDED",
}
PAFI = TDO | {"type": "PAFI", "gpds": "2025-10-01"}
AFTER_EXAM = TDO | {"type": "AVENIR_PRO_PLUS", "diplome": "CAP", "session": "2025", "situation": "libre"}


def wrong(said: dict[str, str]) -> list[str]:
    """The fields that are shown again with an error."""
    form = Sent("ouverture", said)
    opening_of(form, scheme_of(form))
    return list(form.errors) if form.is_wrong(FIELDS) else []


@pytest.mark.parametrize("said", [TDO, PAFI, PAFI | {"gpds": "2025-10-13", "age": "15"}, AFTER_EXAM])
def test_what_is_complete_goes_to_the_service(said: dict[str, str]) -> None:
    assert wrong(said) == []


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({}, ["type", "debut", "fin", "volontaire", "pourquoi"]),
        ({"type": "TDO"}, ["debut", "fin", "volontaire", "solutions", "pourquoi"]),
        (TDO | {"fin": "2025-10-12", "pourquoi": "", "volontaire": ""}, ["fin", "volontaire", "pourquoi"]),
        (TDO | {"volontaire": "", "solutions": ""}, ["volontaire", "solutions"]),
        (TDO | {"debut": "hier", "solutions": "", "session": "hier"}, ["debut", "solutions"]),
        (PAFI | {"gpds": "", "pourquoi": "", "solutions": ""}, ["gpds", "pourquoi"]),
        (PAFI | {"gpds": "2025-10-14", "age": ""}, ["gpds", "age"]),
        (PAFI | {"gpds": "hier", "debut": ""}, ["debut", "gpds"]),
        (TDO | {"type": "AVENIR_PRO_PLUS", "fin": ""}, ["fin", "diplome", "session", "situation"]),
        (AFTER_EXAM | {"situation": "emploi", "session": ""}, ["session", "situation"]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_is_said_at_once(said: dict[str, str], fields: list[str]) -> None:
    assert wrong(said) == fields


@pytest.mark.parametrize(
    "said",
    [
        TDO | {"volontaire": ""},
        TDO | {"solutions": ""},
        TDO | {"fin": "2025-10-12"},
        PAFI | {"gpds": ""},
        AFTER_EXAM | {"situation": "emploi"},
    ],
)
def test_one_condition_alone_is_refused_by_the_service_which_says_its_rule(said: dict[str, str]) -> None:
    assert wrong(said) == []
