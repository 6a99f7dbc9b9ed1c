"""The delays the law gives: each begins with a fact, ends at the end of a day, and is told once."""

from uuid import UUID

import pytest

from contracts.delays import DelayKind, DelayState
from services.parcours import events
from services.parcours.days import end_of
from services.parcours.delay import Delay
from services.parcours.refusals import Refused
from tests.unit.parcours.given import PUPIL, REGULATION, SCHOOL, act, day, kinds, on

DELAY = UUID(int=77)


def started(kind: DelayKind, since: str, now: str | None = None) -> Delay:
    """A delay that began on `since`, recorded on `now`."""
    delay = Delay(DELAY)
    delay.start(PUPIL, SCHOOL, kind, day(since), REGULATION, act(on(now or since)))
    return delay


@pytest.mark.parametrize(
    ("kind", "since", "until", "rule"),
    [
        (DelayKind.OF_SUMMONS, "31/01/2024", "31/03/2024", "OF-08"),  # T13
        (DelayKind.OF_SUMMONS, "31/12/2023", "29/02/2024", "OF-08"),
        (DelayKind.OF_SUMMONS, "31/12/2025", "28/02/2026", "OF-08"),
        (DelayKind.APPRENTICE_AFTER_RUPTURE, "10/01/2024", "10/07/2024", "STA-09"),  # T15
        (DelayKind.APPRENTICE_AFTER_RUPTURE, "31/08/2025", "28/02/2026", "STA-09"),
        (DelayKind.APPRENTICE_WITHOUT_CONTRACT, "01/09/2025", "01/12/2025", "STA-08"),
        (DelayKind.APPRENTICE_WITHOUT_CONTRACT, "30/11/2025", "28/02/2026", "STA-08"),
        (DelayKind.RETURN_INTERVIEW, "01/03/2026", "16/03/2026", "STA-04"),  # T16
        (DelayKind.RETURN_INTERVIEW, "20/02/2028", "06/03/2028", "STA-04"),  # through a leap day
    ],
)
def test_how_long_each_lasts(kind: DelayKind, since: str, until: str, rule: str) -> None:
    (said,) = started(kind, since).pending
    assert isinstance(said, events.DelayStarted)
    assert (said.of.until, said.rule.id) == (day(until), rule)


def test_it_is_reminded_of_then_reached() -> None:
    delay = started(DelayKind.OF_SUMMONS, "31/01/2024")
    for kind, due in sorted(delay.deadlines().items(), key=lambda item: item[1]):
        delay.fire(kind, due, due)
    assert kinds(delay.pending) == ["DelayStarted", "DelayApproaching", "DelayReached"]
    assert delay.pending[-1].at == end_of(day("31/03/2024"))
    assert delay.state is DelayState.REACHED


def test_one_that_is_recorded_late_is_not_reminded_of() -> None:
    delay = started(DelayKind.RETURN_INTERVIEW, "01/03/2026", now="14/03/2026")
    assert list(delay.deadlines()) == ["reached"]


def test_what_was_done_is_not_told_as_missed() -> None:
    delay = started(DelayKind.OF_SUMMONS, "31/01/2024")
    before = delay.deadlines()
    assert delay.end(act(on("15/02/2024")), done=True) is DelayState.ENDED
    for kind, due in before.items():
        delay.fire(kind, due, due)
    assert kinds(delay.pending) == ["DelayStarted", "DelayEnded"]
    assert delay.deadlines() == {}


def test_what_is_done_late_may_still_be_said() -> None:
    delay = started(DelayKind.OF_SUMMONS, "31/01/2024")
    delay.fire("reached", delay.deadlines()["reached"], on("02/04/2024"))
    assert delay.end(act(on("03/04/2024")), done=True) is DelayState.ENDED


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: started(DelayKind.OF_SUMMONS, "02/02/2024", now="01/02/2024"), "date_to_come"),
        (lambda: started(DelayKind.OF_SUMMONS, "06/08/2020"), "delay_not_in_force"),
        (lambda: started(DelayKind.RETURN_INTERVIEW, "01/03/2016", now="10/03/2026"), "since_unlikely"),
        (lambda: Delay(DELAY).end(act(), done=True), "unknown_delay"),
    ],
)
def test_what_is_refused(ask: object, code: str) -> None:
    with pytest.raises(Refused) as refused:
        ask()  # type: ignore[operator]
    assert refused.value.code == code


def another(running: Delay, since: str, kind: DelayKind = DelayKind.OF_SUMMONS, uai: str = SCHOOL) -> DelayState:
    """One more for the same pupil, who has `running` too."""
    return Delay(UUID(int=78)).start(PUPIL, uai, kind, day(since), REGULATION, act(on(since)), [running])


def refused_beside(running: Delay, since: str, uai: str = SCHOOL) -> Refused:
    with pytest.raises(Refused) as refused:
        another(running, since, uai=uai)
    return refused.value


@pytest.mark.parametrize("since", ["31/01/2024", "01/02/2024", "31/03/2024"])
def test_one_of_a_kind_at_a_time_until_its_last_day_is_over(since: str) -> None:
    refusal = refused_beside(started(DelayKind.OF_SUMMONS, "31/01/2024"), since)
    assert refusal.code == "delay_running"
    assert (
        refusal.reason == "Un délai de ce type court déjà pour cet élève, depuis le 31/01/2024 et jusqu’au 31/03/2024."
    )
    assert refusal.remedy.startswith("Retrouvez-le dans la liste des délais.")


def test_who_may_not_see_the_running_one_is_told_whom_to_ask() -> None:
    refusal = refused_beside(started(DelayKind.OF_SUMMONS, "31/01/2024"), "01/03/2024", uai="0319001R")
    assert "sinon, demandez-le à cet établissement" in refusal.remedy


def test_another_may_begin_once_one_is_ended_or_reached_or_only_not_told_so_yet() -> None:
    done, reached, not_told = (started(DelayKind.OF_SUMMONS, "31/01/2024") for _ in range(3))
    done.end(act(on("15/02/2024")), done=True)
    due = reached.deadlines()["reached"]
    reached.fire("reached", due, due)
    assert another(done, "15/02/2024") is DelayState.RUNNING
    assert another(reached, "01/04/2024") is DelayState.RUNNING
    assert another(not_told, "01/04/2024") is DelayState.RUNNING


def test_delays_of_other_kinds_run_beside_it() -> None:
    running = started(DelayKind.OF_SUMMONS, "31/01/2024")
    assert another(running, "01/02/2024", DelayKind.RETURN_INTERVIEW) is DelayState.RUNNING


def test_twice_ended_is_refused_and_so_is_an_erased_pupil() -> None:
    delay = started(DelayKind.OF_SUMMONS, "31/01/2024")
    delay.end(act(), done=False)
    with pytest.raises(Refused):
        delay.end(act(), done=True)
    delay.forget(on("01/03/2024"))
    assert delay.deadlines() == {}
    with pytest.raises(Refused) as refused:
        delay.end(act(), done=True)
    assert refused.value.code == "pupil_erased"
