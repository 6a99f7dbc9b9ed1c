from datetime import date

import pytest

from contracts.directory import Role
from contracts.examples.people import actor, school
from services.projections.scope import Scope, Sees, scope_of
from tests.unit.projections.places import uai

OWN, SAME_NETWORK, ELSEWHERE = uai(31_0001), uai(31_0002), uai(81_0001)
SCHOOLS = [
    school(uai=OWN, name="B"),
    school(uai=SAME_NETWORK, name="A"),
    school(uai=ELSEWHERE, name="C", network="FOQUALE-81-1").model_copy(
        update={"department": "81", "cio": "CIO-81", "psad": "PSAD-81", "mission_locale": "ML-81"}
    ),
]
DAY = date(2025, 10, 10)


def seen(role: Role, territory: str, day: date = DAY, **dates: date) -> Scope:
    return scope_of(actor(role=role, territory=territory, **dates), SCHOOLS, day)


@pytest.mark.parametrize("role", [Role.CHEF_ETAB, Role.CPE, Role.RDS])
def test_people_of_a_school_see_the_pupils_of_that_school_only(role: Role) -> None:
    scope = seen(role, OWN)
    assert (scope.sees, scope.uais, scope.is_one_school) == (Sees.PUPILS, (OWN,), True)


def test_a_head_with_a_wider_code_by_mistake_sees_nothing_of_it() -> None:
    assert seen(Role.CHEF_ETAB, "31").uais == ()
    assert seen(Role.CPE, "FOQUALE-31-1").uais == ()


def test_a_coordinator_sees_the_pupils_of_the_network_in_the_order_of_school_names() -> None:
    scope = seen(Role.COORD_MLDS, "FOQUALE-31-1")
    assert (scope.sees, scope.uais, scope.is_one_school) == (Sees.PUPILS, (SAME_NETWORK, OWN), False)


@pytest.mark.parametrize(
    ("role", "territory", "schools"),
    [
        (Role.DASEN, "31", {OWN, SAME_NETWORK}),
        (Role.DASEN, "81", {ELSEWHERE}),
        (Role.RECTEUR, "16", {OWN, SAME_NETWORK, ELSEWHERE}),
        (Role.RESP_FOQUALE, "FOQUALE-81-1", {ELSEWHERE}),
        (Role.DRAIO, "17", set()),
    ],
)
def test_those_who_steer_see_figures_of_their_territory(role: Role, territory: str, schools: set[str]) -> None:
    scope = seen(role, territory)
    assert (scope.sees, set(scope.uais)) == (Sees.COUNTS, schools)


@pytest.mark.parametrize("role", [Role.FRANCE_TRAVAIL, Role.PCD, Role.SERV_SOCIAL, Role.CFA])
def test_roles_without_a_page_see_nothing(role: Role) -> None:
    assert seen(role, OWN).sees is Sees.NOTHING


def test_nobody_sees_anything_outside_the_dates_of_the_appointment() -> None:
    dates = {"since": date(2025, 9, 1), "until": date(2025, 10, 9)}
    assert seen(Role.CHEF_ETAB, OWN, date(2025, 10, 9), **dates).uais == (OWN,)
    for day in (date(2025, 10, 10), date(2025, 8, 31)):
        scope = seen(Role.CHEF_ETAB, OWN, day, **dates)
        assert (scope.sees, scope.uais) == (Sees.NOTHING, ())


def test_every_role_is_decided() -> None:
    assert {role for role in Role if seen(role, OWN).sees is Sees.PUPILS} == {
        Role.CHEF_ETAB,
        Role.CPE,
        Role.RDS,
        Role.COORD_MLDS,
    }


@pytest.mark.parametrize(
    ("role", "territory", "schools"),
    [
        (Role.MISSION_LOCALE, "ML-31", {OWN, SAME_NETWORK}),
        (Role.MISSION_LOCALE, "ML-81", {ELSEWHERE}),
        (Role.DCIO, "CIO-31-1", {OWN, SAME_NETWORK}),
        (Role.DCIO, "PSAD-81", {ELSEWHERE}),
        (Role.MISSION_LOCALE, "CIO-31-1", set()),
        (Role.DCIO, "ML-31", set()),
    ],
)
def test_partners_see_parcours_of_their_own_territory_and_no_alert(
    role: Role, territory: str, schools: set[str]
) -> None:
    scope = seen(role, territory)
    assert (scope.sees, set(scope.uais)) == (Sees.PARCOURS, schools)
    assert (scope.sees_parcours, scope.sees_alerts) == (True, False)


@pytest.mark.parametrize(
    ("role", "territory", "sees", "leads", "keeps_delays"),
    [
        (Role.CHEF_ETAB, OWN, True, True, True),
        (Role.COORD_MLDS, "FOQUALE-31-1", True, True, True),
        (Role.CPE, OWN, True, False, False),
        (Role.RDS, OWN, True, False, False),
        (Role.MISSION_LOCALE, "ML-31", True, False, True),
        (Role.DCIO, "CIO-31-1", True, False, True),
        (Role.DASEN, "31", False, False, False),
        (Role.FRANCE_TRAVAIL, OWN, False, False, False),
    ],
)
def test_who_leads_parcours_and_who_keeps_delays(
    role: Role, territory: str, sees: bool, leads: bool, keeps_delays: bool
) -> None:
    scope = seen(role, territory)
    assert (scope.sees_parcours, scope.may_lead, scope.may_keep_delays) == (sees, leads, keeps_delays)
    over = seen(role, territory, until=date(2025, 10, 9))
    assert (over.sees_parcours, over.may_lead, over.may_keep_delays) == (False, False, False)


def test_few_pupils_are_hidden_from_those_far_from_them() -> None:
    assert seen(Role.RECTEUR, "16").hides_few
    assert not seen(Role.DASEN, "31").hides_few
