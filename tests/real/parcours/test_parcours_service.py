"""The parcours service on real servers: people ask, time passes, and each thing is told once."""

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from contracts import parcours as said
from contracts import parcours_commands as asked
from contracts.commands import Command
from contracts.delays import DelayApproaching, DelayReached
from contracts.parcours import Outcome, Scheme
from services.parcours.days import end_of
from tests.real.parcours.conftest import House
from tests.unit.parcours.given import on

OTHER = UUID(int=99)


async def test_from_the_opening_to_the_outcome(house: House) -> None:
    assert (await house.ask(asked.OpenParcours)).state == "open"
    (opened,) = await house.tells(said.ParcoursOpened)
    assert opened["rule"]["id"] == "AE-05"
    assert opened["gauge"] == {"placement_days": 0, "parcours_days": 115, "most": 76}
    await house.it_is(on("16/12/2025"))
    assert [each["days"] for each in await house.tells(said.StatusExpiring, 2)] == [30, 15]
    await house.it_is(end_of(date(2025, 12, 31)) - timedelta(seconds=1))
    assert [each["days"] for each in await house.tells(said.StatusExpiring, 4)] == [30, 15, 7, 1]
    await house.it_is(end_of(date(2025, 12, 31)))
    await house.tells(said.StatusExpired)
    await house.it_is(on("08/01/2026"))
    assert [each["weeks"] for each in await house.tells(said.OutcomeMissing)] == [1]
    closed = {"command_id": uuid4(), "closed_on": date(2026, 1, 8), "outcome": Outcome.JOB}
    assert (await house.ask(asked.CloseParcours, **closed)).state == "closed"
    await house.tells(said.ParcoursClosed)
    assert await house.open_deadlines() == 0


async def test_an_extension_moves_what_falls_due_in_the_same_transaction(house: House) -> None:
    await house.ask(asked.OpenParcours)
    await house.it_is(end_of(date(2025, 12, 31)) - timedelta(seconds=1))
    await house.tells(said.StatusExpiring, 4)
    assert (await house.ask(asked.ExtendParcours, command_id=uuid4())).state == "open"
    await house.it_is(end_of(date(2025, 12, 31)) + timedelta(hours=1))
    await house.it_is(end_of(date(2026, 1, 7)))
    (expired,) = await house.tells(said.StatusExpired)
    assert expired["ends_on"] == "2026-01-07"


async def test_the_same_command_twice_is_one_act(house: House) -> None:
    for _ in range(2):
        assert (await house.ask(asked.OpenParcours)).state == "open"
    for _ in range(2):
        assert (await house.ask(asked.PlanPlacement, command_id=OTHER)).state == "open"
    await house.tells(said.PlacementPlanned)
    assert [each["type"] for each in await house.told()] == [said.ParcoursOpened.TYPE, said.PlacementPlanned.TYPE]


async def test_two_people_open_one_for_the_same_pupil_at_once(house: House) -> None:
    answers = await asyncio.gather(
        *(house.ask(asked.OpenParcours, command_id=uuid4(), parcours_id=uuid4()) for _ in range(6))
    )
    assert sorted(answer.code or "" for answer in answers) == ["", *["another_is_open"] * 5]
    assert len(await house.tells(said.ParcoursOpened)) == 1


async def test_the_four_months_are_not_followed_again_under_their_new_name(house: House) -> None:
    await house.it_is(on("08/01/2026"))
    await house.ask(asked.OpenParcours)
    await house.ask(asked.CloseParcours, command_id=uuid4(), closed_on=date(2026, 1, 8))
    again = {"scheme": Scheme.AVENIR_PRO_PLUS, "starts_on": date(2026, 1, 9), "ends_on": date(2026, 5, 8)}
    answer = await house.ask(asked.OpenParcours, command_id=uuid4(), parcours_id=uuid4(), **again)
    assert (answer.outcome, answer.code, answer.rule) == ("refused", "not_renewable", "AE-22")
    assert answer.source == "Paramètre fixé par l’académie"


async def test_two_people_at_once_on_the_same_parcours_never_pass_the_limit(house: House) -> None:
    await house.ask(asked.OpenParcours)
    periods = [(date(2025, 9, 8), date(2025, 10, 20)), (date(2025, 10, 21), date(2025, 12, 2))]  # 43 days each, of 76
    answers = await asyncio.gather(
        *(
            house.ask(asked.PlanPlacement, command_id=uuid4(), placement_id=uuid4(), starts_on=first, ends_on=last)
            for first, last in periods
        )
    )
    assert sorted(answer.outcome for answer in answers) == ["done", "refused"]
    (refusal,) = [answer for answer in answers if answer.outcome == "refused"]
    assert (refusal.code, refusal.rule) == ("too_much_placement", "AE-06")
    assert refusal.remedy
    assert refusal.source


@pytest.mark.parametrize(
    ("contract", "differently", "code"),
    [
        (asked.OpenParcours, {"ends_on": date(2025, 9, 1)}, "end_before_start"),
        (asked.OpenParcours, {"ends_on": date(2026, 2, 7)}, "too_long"),
        (asked.OpenParcours, {"starts_on": date(2025, 8, 25)}, "starts_before_rentree"),
        (
            asked.OpenParcours,
            {"declared": asked.Declared(volunteer=True, diploma="CAP", session=2024)},
            "not_the_last_session",
        ),
        (asked.ExtendParcours, {}, "unknown_parcours"),
        (asked.EndDelay, {}, "unknown_delay"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    house: House, contract: type[Command], differently: dict[str, object], code: str
) -> None:
    answer = await house.ask(contract, **differently)
    assert (answer.outcome, answer.code) == ("refused", code)
    assert answer.reason
    assert await house.told() == []
    assert await house.open_deadlines() == 0


async def test_an_unknown_kind_of_partner_is_refused_by_its_field_never_its_value(house: House) -> None:
    body = b'{"command_id":"00000000-0000-0000-0000-000000000001","actor_id":"a","parcours_id":'
    body += b'"00000000-0000-0000-0000-000000000002","student_id":"00000000-0000-0000-0000-000000000003",'
    body += b'"partner":"CANARI","signed_on":"2025-09-08","since":"2025-09-08"}'
    answer = await house.nats.client.request(asked.SignConvention.SUBJECT, body, timeout=20)
    assert b"invalid_command" in answer.data
    assert b"partner" in answer.data
    assert b"CANARI" not in answer.data


async def test_an_erased_pupil_is_forgotten_with_all_deadlines(house: House) -> None:
    await house.ask(asked.OpenParcours)
    await house.ask(asked.StartDelay, command_id=uuid4(), since=date(2025, 9, 1))
    await house.erase()
    await house.rests()
    before = await house.told()
    await house.it_is(on("31/12/2026"))
    answer = await house.ask(asked.ExtendParcours, command_id=uuid4())
    assert answer.code == "pupil_erased"
    assert (await house.ask(asked.OpenParcours, command_id=uuid4(), parcours_id=uuid4())).code == "pupil_erased"
    assert await house.told() == before


async def test_a_delay_is_reminded_of_and_reached(house: House) -> None:
    answer = await house.ask(asked.StartDelay, since=date(2025, 9, 8))
    assert answer.state == "running"
    await house.it_is(on("09/11/2025"))
    (approaching,) = await house.tells(DelayApproaching)
    assert approaching["until"] == "2025-11-08"
    await house.tells(DelayReached)
    assert (await house.ask(asked.EndDelay, command_id=uuid4())).state == "ended"
