"""What people may do with an alert, and what is refused, with its reason."""

from collections.abc import Callable
from datetime import date
from uuid import UUID, uuid4

import pytest

from contracts.alerts import AlertState, CloseMotive, FollowUp
from contracts.catalogue import COMMANDS
from services.alerts.acts import ACTS
from services.alerts.domain import Attendance
from services.alerts.events import Acknowledged, Closed, FollowedUp, Status
from services.alerts.facts import Refused
from tests.unit.alerts.given import NOW, OTHER_SCHOOL, PUPIL, attendance, fact, half_day, missed, then

TODAY = date(2025, 10, 20)
Act = Callable[[Attendance, UUID], AlertState]


def acknowledge(file: Attendance, alert: UUID) -> AlertState:
    return file.acknowledge(alert, "head", uuid4(), NOW)


def follow_up(file: Attendance, alert: UUID) -> AlertState:
    return file.follow_up(alert, FollowUp.INTERVIEW, TODAY, "cpe", uuid4(), NOW, TODAY)


def close(file: Attendance, alert: UUID) -> AlertState:
    return file.close(alert, CloseMotive.ATTENDANCE_RESTORED, "head", uuid4(), NOW)


@pytest.fixture
def file() -> Attendance:
    return attendance(missed(4))


@pytest.fixture
def alert(file: Attendance) -> UUID:
    return file.standing[1].id


def test_acknowledging_says_who_did_it(file: Attendance, alert: UUID) -> None:
    assert acknowledge(file, alert) is AlertState.ACKNOWLEDGED
    (event,) = then(file)
    assert isinstance(event, Acknowledged)
    assert event.by == "head"


def test_any_action_answers_an_alert_even_unacknowledged(file: Attendance, alert: UUID) -> None:
    assert follow_up(file, alert) is AlertState.FOLLOWED_UP
    (event,) = then(file)
    assert isinstance(event, FollowedUp)
    assert (event.kind, event.on) == ("INTERVIEW", TODAY)


def test_several_actions_can_follow_one_another(file: Attendance, alert: UUID) -> None:
    follow_up(file, alert)
    assert follow_up(file, alert) is AlertState.FOLLOWED_UP


def test_closing_keeps_the_motive(file: Attendance, alert: UUID) -> None:
    assert close(file, alert) is AlertState.CLOSED
    (event,) = then(file)
    assert isinstance(event, Closed)
    assert event.motive == "ATTENDANCE_RESTORED"


def test_the_same_command_twice_changes_nothing_the_second_time(file: Attendance, alert: UUID) -> None:
    command = uuid4()
    assert file.acknowledge(alert, "head", command, NOW) is AlertState.ACKNOWLEDGED
    assert file.acknowledge(alert, "head", command, NOW) is AlertState.ACKNOWLEDGED
    assert len(then(file)) == 1


@pytest.mark.parametrize("before", [acknowledge, follow_up])
def test_an_alert_in_hand_is_not_acknowledged_again(file: Attendance, alert: UUID, before: Act) -> None:
    before(file, alert)
    with pytest.raises(Refused) as refusal:
        acknowledge(file, alert)
    assert refusal.value.code == "already_acknowledged"


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_nothing_is_done_on_a_closed_alert(file: Attendance, alert: UUID, act: Act) -> None:
    close(file, alert)
    with pytest.raises(Refused) as refusal:
        act(file, alert)
    assert refusal.value.code == "alert_closed"


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_nothing_is_done_on_a_lifted_alert(file: Attendance, alert: UUID, act: Act) -> None:
    file.note(PUPIL, fact(half_day(0), Status.JUSTIFIED, minute=30), NOW)
    with pytest.raises(Refused) as refusal:
        act(file, alert)
    assert refusal.value.code == "alert_lifted"


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_an_unknown_alert_is_refused(file: Attendance, act: Act) -> None:
    with pytest.raises(Refused) as refusal:
        act(file, uuid4())
    assert refusal.value.code == "unknown_alert"


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_nothing_is_done_on_the_alert_of_an_erased_pupil(file: Attendance, alert: UUID, act: Act) -> None:
    file.forget(NOW)
    with pytest.raises(Refused) as refusal:
        act(file, alert)
    assert refusal.value.code == "pupil_erased"


@pytest.mark.parametrize(
    ("on", "code"),
    [(date(2025, 10, 21), "follow_up_in_future"), (date(2025, 9, 30), "follow_up_too_old")],
)
def test_an_action_is_dated_from_the_alert_s_month_to_today(file: Attendance, alert: UUID, on: date, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        file.follow_up(alert, FollowUp.GPDS, on, "cpe", uuid4(), NOW, TODAY)
    assert refusal.value.code == code


def test_an_action_may_answer_from_the_first_day_of_the_month(file: Attendance, alert: UUID) -> None:
    first = date(2025, 10, 1)
    assert file.follow_up(alert, FollowUp.GPDS, first, "cpe", uuid4(), NOW, TODAY) is AlertState.FOLLOWED_UP


def test_a_day_too_old_is_told_from_which_day_on(file: Attendance, alert: UUID) -> None:
    with pytest.raises(Refused) as refusal:
        file.follow_up(alert, FollowUp.GPDS, date(2025, 8, 1), "cpe", uuid4(), NOW, TODAY)
    assert "Choisissez un jour à partir du 01/10/2025." in refusal.value.reason


@pytest.fixture
def both() -> Attendance:
    return attendance(missed(10))


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_what_is_done_about_level_2_is_done_about_level_1_of_the_same_absences(both: Attendance, act: Act) -> None:
    second, first = both.standing[2], both.standing[1]
    act(both, second.id)
    assert [event.alert_id for event in then(both)] == [second.id, first.id]  # type: ignore[attr-defined]
    assert first.state is second.state


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_what_is_done_about_level_1_is_not_enough_for_level_2(both: Attendance, act: Act) -> None:
    act(both, both.standing[1].id)
    assert both.standing[2].state is AlertState.RAISED


def test_taking_level_2_in_charge_leaves_level_1_followed_up(both: Attendance) -> None:
    follow_up(both, both.standing[1].id)
    acknowledge(both, both.standing[2].id)
    assert both.standing[1].state is AlertState.FOLLOWED_UP


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_a_level_1_that_is_over_stays_as_it_is(both: Attendance, act: Act) -> None:
    close(both, both.standing[1].id)
    both.pending = []
    act(both, both.standing[2].id)
    assert [event.alert_id for event in then(both)] == [both.standing[2].id]  # type: ignore[attr-defined]


@pytest.mark.parametrize("act", [acknowledge, follow_up, close])
def test_what_one_school_does_leaves_the_alert_of_the_school_before_as_it_is(act: Act) -> None:  # AMB-11
    file = attendance([*missed(9), fact(half_day(9), uai=OTHER_SCHOOL)])
    first, second = file.standing[1], file.standing[2]
    act(file, second.id)
    assert [event.alert_id for event in then(file)] == [second.id]  # type: ignore[attr-defined]
    assert first.state is AlertState.RAISED
    act(file, first.id)  # it still waits for its own school


def test_every_command_of_the_catalogue_has_its_act() -> None:
    assert set(ACTS) == {command for command, service in COMMANDS.items() if service == "alerts"}
