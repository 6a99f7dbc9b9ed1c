"""Who is told: role by role, territory by territory, on the day."""

from datetime import date

import pytest

from contracts.directory import Actor, Role
from services.notifications.audience import audience_of
from services.notifications.facts import ThresholdReached
from services.notifications.people import People, Recipient, decode_entry
from tests.unit.notifications.given import DAY, OTHER_UAI, UAI, actor, school

HEAD = actor("head", Role.CHEF_ETAB)
CPE_1, CPE_2 = actor("cpe-1", Role.CPE), actor("cpe-2", Role.CPE)
COORDINATOR = actor("mlds", Role.COORD_MLDS, "R1")


def told(people: People, level: int, uai: str = UAI) -> list[str | None]:
    roles = audience_of(ThresholdReached(level=level, month="2025-10", half_days=10, threshold=10))
    return [who.actor.id if who.actor else None for who in people.to_tell(roles, uai, DAY)]


def test_level_1_tells_the_head_and_every_cpe_of_the_school() -> None:
    elsewhere = [actor("head-2", Role.CHEF_ETAB, OTHER_UAI), actor("cpe-3", Role.CPE, OTHER_UAI)]
    people = People([school(), HEAD, CPE_2, CPE_1, COORDINATOR, *elsewhere])
    assert told(people, 1) == ["head", "cpe-1", "cpe-2"]


def test_level_2_tells_the_coordinator_of_the_network_too() -> None:
    assert told(People([school(), HEAD, CPE_1, COORDINATOR]), 2) == ["head", "cpe-1", "mlds"]


def test_the_coordinator_is_the_one_of_the_narrowest_territory() -> None:
    wider = [actor("dept", Role.COORD_MLDS, "31"), actor("academy", Role.COORD_MLDS, "16")]
    assert told(People([school(), HEAD, CPE_1, COORDINATOR, *wider]), 2)[-1] == "mlds"
    assert told(People([school(), HEAD, CPE_1, *wider]), 2)[-1] == "dept"
    assert told(People([school(), HEAD, CPE_1, wider[1]]), 2)[-1] == "academy"


def test_a_network_is_not_another_one() -> None:
    assert told(People([school(), actor("mlds-2", Role.COORD_MLDS, "R2")]), 2)[-1] is None


def test_nobody_in_a_role_is_said_so() -> None:
    assert People([school(), HEAD]).to_tell((Role.CHEF_ETAB, Role.CPE), UAI, DAY) == [
        Recipient(Role.CHEF_ETAB, HEAD),
        Recipient(Role.CPE, None),
    ]


@pytest.mark.parametrize("role", [Role.DCIO, Role.MISSION_LOCALE, Role.CFA])
def test_a_partner_the_directory_does_not_have_is_not_waited_for(role: Role) -> None:
    people = People([school(), HEAD])
    assert people.to_tell((Role.CHEF_ETAB, role), UAI, DAY) == [Recipient(Role.CHEF_ETAB, HEAD)]
    partner = actor("partner", role, "31")
    assert People([school(), partner]).to_tell((role,), UAI, DAY) == [Recipient(role, partner)]


def test_partners_are_those_of_the_narrowest_of_their_territories() -> None:
    where = school(cio="CIO-1", psad="PSAD-1", mission_locale="ML-1")
    cio, psad = actor("cio", Role.DCIO, "CIO-1"), actor("psad", Role.DCIO, "PSAD-1")
    assert People([where, cio, psad]).in_role(Role.DCIO, UAI, DAY) == [cio]
    assert People([where, psad]).in_role(Role.DCIO, UAI, DAY) == [psad]
    local, other = actor("ml-1", Role.MISSION_LOCALE, "ML-1"), actor("ml-2", Role.MISSION_LOCALE, "ML-2")
    assert People([where, local, other]).in_role(Role.MISSION_LOCALE, UAI, DAY) == [local]


@pytest.mark.parametrize(
    ("role", "territories"),
    [
        (Role.CHEF_ETAB, {UAI, "R1", "31", "16"}),
        (Role.COORD_MLDS, {UAI, "R1", "B-1", "31", "16"}),
        (Role.DCIO, {UAI, "CIO-1", "PSAD-1", "R1", "31", "16"}),
        (Role.MISSION_LOCALE, {UAI, "ML-1", "R1", "31", "16"}),
        (Role.DASEN, {UAI, "R1", "31", "16"}),
    ],
)
def test_a_role_covers_its_own_kinds_of_territories_only(role: Role, territories: set[str]) -> None:
    where = school(cio="CIO-1", psad="PSAD-1", mission_locale="ML-1", basin="B-1")
    every = {UAI, "R1", "31", "16", "CIO-1", "PSAD-1", "ML-1", "B-1", "R2", "ML-2"}
    assert {place for place in every if actor("x", role, place).covers(where)} == territories


def test_a_territory_the_school_does_not_name_covers_nothing() -> None:
    assert not actor("x", Role.DCIO, "None").covers(school())


def test_a_school_the_directory_does_not_have_still_has_its_own_people() -> None:
    assert told(People([HEAD, CPE_1, COORDINATOR]), 2) == ["head", "cpe-1", None]


@pytest.mark.parametrize(
    ("since", "until", "there"),
    [
        (None, None, True),
        (DAY, DAY, True),
        (date(2025, 10, 15), None, False),
        (None, date(2025, 10, 13), False),
        (date(2025, 9, 1), date(2026, 8, 31), True),
    ],
)
def test_only_those_in_charge_on_the_day_are_told(since: date | None, until: date | None, there: bool) -> None:
    head = actor("head", Role.CHEF_ETAB, since=since, until=until)
    people = People([school(), head])
    assert (told(people, 1)[0] == "head") is there
    assert (people.in_charge("head", DAY) is not None) is there


def test_one_mailbox_in_two_roles_is_told_once() -> None:
    same = actor("deputy", Role.CPE, email="HEAD@example.org")
    assert told(People([school(), HEAD, same]), 1) == ["head"]


@pytest.mark.parametrize(
    "address", ["été@example.org", "a b@example.org", "a@b@example.org", "x(y@example.org", "a@[example.org"]
)
def test_somebody_who_cannot_be_written_to_is_left_out(address: str) -> None:
    data = Actor.model_construct(id="x", name="X", email=address, role=Role.CPE, territory=UAI)
    with pytest.raises(ValueError, match=r"email|address"):
        decode_entry("actor.x", data.model_dump_json(exclude_none=True).encode())
