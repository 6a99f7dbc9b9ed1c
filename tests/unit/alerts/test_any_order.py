"""Whatever the order of facts and of days with a partner, and however often each comes, the same alerts stand for the
same reasons.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.domain import Attendance
from services.alerts.events import Fact, Slot, Status, Tally
from services.alerts.facts import PartnerDaysSaid
from services.alerts.partner_days import for_each_month
from services.alerts.wire import AboutPartnerDays, PartnerDaysChanged, Span
from tests import oracle
from tests.unit.alerts.given import OTHER_SCHOOL, PARCOURS, PUPIL, SCHOOL, attendances, replayed

SAYS = {Status.UNJUSTIFIED: "unjustified", Status.JUSTIFIED: "justified", Status.CANCELLED: "cancelled"}
DAYS = [date(2025, 10, 27) + timedelta(days=n) for n in range(9)]
SLOTS = [Slot(day, afternoon) for day in DAYS for afternoon in (False, True)]
START = datetime(2025, 11, 10, tzinfo=UTC)
ALL_PARCOURS = {PARCOURS: SCHOOL, UUID(int=1): SCHOOL, UUID(int=2): OTHER_SCHOOL}

Heard = Fact | PartnerDaysSaid

facts = st.builds(
    lambda slot, status, uai, hour, fact_id, source: Fact(
        slot=slot,
        status=status,
        uai=uai,
        time=START + timedelta(hours=hour),
        id=fact_id,
        source=source,
    ),
    st.sampled_from(SLOTS),
    st.sampled_from([Status.UNJUSTIFIED, Status.UNJUSTIFIED, Status.UNJUSTIFIED, Status.JUSTIFIED, Status.CANCELLED]),
    st.sampled_from([SCHOOL, SCHOOL, OTHER_SCHOOL]),
    st.integers(0, 3),
    st.sampled_from("abc"),
    st.sampled_from(["/one", "/two"]),
)


def one_meaning(said: list[Fact]) -> list[Fact]:
    """The same (source, id) is the same fact: the door refuses another content, so keep the first."""
    return list({(fact.source, fact.id, fact.slot, fact.time): fact for fact in reversed(said)}.values())


def changes(parcours: UUID, revisions: list[set[date]]) -> list[PartnerDaysChanged]:
    """What the parcours service says as the days with a partner become these, one revision after the other."""
    spans = [tuple(Span(day, day) for day in sorted(days)) for days in ([], *revisions)]
    uai = ALL_PARCOURS[parcours]
    return [PartnerDaysChanged(parcours, PUPIL, uai, n, spans[n], spans[n - 1]) for n in range(1, len(spans))]


revisions = st.lists(st.sets(st.sampled_from(DAYS), max_size=5), max_size=4)
partner_days = st.fixed_dictionaries(dict.fromkeys(ALL_PARCOURS, revisions)).map(
    lambda each: [change for parcours, days in each.items() for change in changes(parcours, days)]
)


def pieces(said: Iterable[PartnerDaysChanged]) -> list[PartnerDaysSaid]:
    """What each month's file is told of it."""
    return [piece for each in said for piece in for_each_month(AboutPartnerDays("parcours.1", START, each))]


def expected(said: list[Fact], changed: list[PartnerDaysChanged]) -> dict[oracle.Standing, int]:
    return oracle.standing_alerts(
        (
            oracle.Fact(PUPIL, f.slot.day, str(f.slot.afternoon), SAYS[f.status], f.time, f.id, f.source, f.uai)  # type: ignore[arg-type]
            for f in said
        ),
        (
            oracle.PartnerDays(c.parcours_id, PUPIL, c.uai, c.revision, frozenset(span.first for span in c.days))
            for c in changed
        ),
    )


def standing(files: dict[str, Attendance]) -> dict[oracle.Standing, int]:
    return {
        oracle.Standing(PUPIL, month, level): file.count for month, file in files.items() for level in file.standing
    }


def evidence(files: dict[str, Attendance]) -> dict[str, Tally]:
    return {month: file.tally() for month, file in files.items()}


def state(file: Attendance) -> dict[str, object]:
    return {name: getattr(file, name) for name in (*Attendance.__slots__, "version")}


def away(files: dict[str, Attendance]) -> dict[tuple[str, UUID], int]:
    return {(month, key): each.days for month, file in files.items() for key, each in file.partner_days.items()}


@st.composite
def told_twice(draw: st.DrawFn) -> tuple[list[Fact], list[PartnerDaysChanged], list[Heard]]:
    """Facts and partner days as they were said, and the same heard in another order, some of it again."""
    said = one_meaning(draw(st.lists(facts, max_size=60)))
    changed = draw(partner_days)
    heard: list[Heard] = [*said, *pieces(changed)]
    again = draw(st.lists(st.sampled_from(heard), max_size=10)) if heard else []
    return said, changed, draw(st.permutations(heard + again))


@settings(max_examples=300, deadline=None)
@given(told_twice())
def test_whatever_the_order_and_the_repeats_the_oracle_s_alerts_stand(
    orders: tuple[list[Fact], list[PartnerDaysChanged], list[Heard]],
) -> None:
    said, changed, shuffled = orders
    one, other = attendances([*said, *pieces(changed)]), attendances(shuffled)
    assert standing(one) == standing(other) == expected(said, changed)
    assert evidence(one) == evidence(other)
    assert away(one) == away(other)


@settings(max_examples=100, deadline=None)
@given(told_twice())
def test_replaying_the_stored_events_gives_the_same_file(
    orders: tuple[list[Fact], list[PartnerDaysChanged], list[Heard]],
) -> None:
    _, _, heard = orders
    for file in attendances(heard).values():
        other = replayed(file, file.pending)
        assert state(other) == state(file)
        assert file.count == len(file.tally().counted)
