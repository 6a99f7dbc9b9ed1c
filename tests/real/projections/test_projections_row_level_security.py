"""The database itself keeps each territory apart: a forgotten WHERE shows nothing foreign."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from chassis.database import Database
from chassis.embedded import EmbeddedPostgres
from contracts.delays import DelayStarted
from contracts.envelope import Envelope
from contracts.examples import (
    alert_acknowledged,
    mail_requested,
    pupil_identified,
    student_enrolled,
    student_left,
    threshold_approached,
    threshold_reached,
)
from contracts.examples.common import ALERT
from contracts.examples.parcours import parcours_event
from contracts.parcours import ParcoursOpened, PlacementPlanned
from services.projections.reading import delays, parcours, pupils
from services.projections.reading.filters import DelayFilters, ParcoursFilters
from services.projections.reading.readings import COUNTER, PARTNER, READER, NotForThisRole
from services.projections.scope import Scope, Sees
from services.projections.web.choosing import school_in_sight
from tests.conftest import provisioned_database
from tests.real.projections.house import ELSEWHERE, HERE, ReadModels, scope

OF_PARCOURS = ("parcours", "parcours_timeline", "placements", "delays", "delay_timeline")
TABLES = ("alerts", "timeline", "approaching", "identities", "enrolments", "mails", *OF_PARCOURS)


def tell_of_two_schools(models: ReadModels) -> None:
    for uai in (HERE, ELSEWHERE):
        student, alert = uuid4(), uuid4()
        models.handle(
            [
                threshold_approached(student_id=student, uai=uai, level=2),
                threshold_reached(student_id=student, alert_id=alert, uai=uai),
                alert_acknowledged(alert_id=alert),
            ]
        )
        models.handle([pupil_identified(student_id=student, uai=uai)])
        models.handle([student_enrolled(student_id=student, uai=uai)])
        models.handle([mail_requested(mail_id=uuid4(), student_id=student, uai=uai)])
        about = {"parcours_id": uuid4(), "student_id": student, "uai": uai}
        models.handle([parcours_event(ParcoursOpened, **about), parcours_event(PlacementPlanned, **about)])
        models.handle([parcours_event(DelayStarted, delay_id=uuid4(), student_id=student, uai=uai)])


@pytest.fixture(scope="module")
def seen(postgres_server: EmbeddedPostgres, template_database: str) -> Iterator[ReadModels]:
    """A pupil in each of two schools; for tests that only look."""
    with provisioned_database(postgres_server, template_database) as url:
        models = ReadModels(url)
        tell_of_two_schools(models)
        yield models
        models.close()


@pytest.fixture
def changed(models: ReadModels) -> ReadModels:
    """The same, for a test that tells of others."""
    tell_of_two_schools(models)
    return models


@pytest.mark.parametrize("table", TABLES)
def test_a_query_without_a_where_sees_its_own_territory_only(seen: ReadModels, table: str) -> None:
    each = 2 if table == "parcours_timeline" else 1
    for uais, schools in (((HERE,), 1), ((HERE, ELSEWHERE), 2), ((), 0)):
        with seen.readings.of_pupils(scope(*uais)) as reading:
            assert len(reading.cursor.execute(f"SELECT * FROM {table}".encode()).fetchall()) == schools * each


@pytest.mark.parametrize("table", TABLES)
def test_without_a_territory_nothing_is_seen_and_the_pool_remembers_none(seen: ReadModels, table: str) -> None:
    database = Database(seen.database.url, "projections", role=READER, pool_size=1)
    query = f"SELECT * FROM {table}".encode()
    with database.transaction() as tx:
        tx.execute("SELECT set_config('perseverance.uais', %s, true)", (HERE,))
        assert tx.execute(query).fetchall()
    with database.transaction() as tx:
        assert not tx.execute(query).fetchall()
    database.close()


def test_a_pupil_who_moved_is_known_to_the_school_that_has_an_alert(changed: ReadModels) -> None:
    student = uuid4()
    changed.handle([threshold_reached(student_id=student, alert_id=uuid4(), uai=HERE)])
    changed.handle([pupil_identified(student_id=student, uai=ELSEWHERE)])
    with changed.readings.of_pupils(scope(HERE)) as reading:
        found = reading.cursor.execute("SELECT 1 FROM identities WHERE student_id = %s", (student,)).fetchall()
        assert len(found) == 1


@pytest.mark.parametrize("table", TABLES)
def test_readers_write_nothing(seen: ReadModels, table: str) -> None:
    for role in (READER, COUNTER, PARTNER):
        database = Database(seen.database.url, "projections", role=role, pool_size=1)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction() as tx:
            tx.execute(f"DELETE FROM {table}".encode())
        database.close()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), seen.readings.of_pupils(scope(HERE)) as reading:
        reading.cursor.execute("CREATE TEMP TABLE alerts (uai text)")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT student_id FROM alerts",
        "SELECT alert_id FROM alerts",
        "SELECT counted FROM alerts",
        "SELECT * FROM identities",
        "SELECT * FROM enrolments",
        "SELECT * FROM timeline",
        "SELECT * FROM approaching",
        "SELECT * FROM mails",
        "SELECT student_id FROM parcours",
        "SELECT referent_id FROM parcours",
        "SELECT * FROM parcours_timeline",
        "SELECT * FROM placements",
        "SELECT * FROM delays",
        "SELECT * FROM delay_timeline",
    ],
)
def test_who_counts_has_no_column_that_names_anybody(seen: ReadModels, query: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        seen.readings.of_counts(scope(HERE, sees=Sees.COUNTS)) as reading,
    ):
        reading.cursor.execute(query.encode())


def test_who_counts_counts_the_territory_only(seen: ReadModels) -> None:
    with seen.readings.of_counts(scope(HERE, sees=Sees.COUNTS)) as reading:
        assert reading.cursor.execute("SELECT uai, count(*) AS n FROM alerts GROUP BY 1").fetchall() == [
            {"uai": HERE, "n": 1}
        ]


def test_lists_are_not_opened_for_those_who_see_figures_or_nothing(seen: ReadModels) -> None:
    for sees in (Sees.COUNTS, Sees.NOTHING):
        with pytest.raises(NotForThisRole), seen.readings.of_pupils(scope(HERE, sees=sees)):
            pass
    with pytest.raises(NotForThisRole), seen.readings.of_counts(scope(HERE, sees=Sees.NOTHING)):
        pass


def partner(*uais: str) -> Scope:
    """A mission locale in charge of these schools."""
    return scope(*uais, sees=Sees.PARCOURS)


@pytest.mark.parametrize("table", ["alerts", "timeline", "approaching", "mails"])
def test_a_partner_has_no_right_to_what_the_school_noted(seen: ReadModels, table: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        seen.readings.of_parcours(partner(HERE)) as reading,
    ):
        reading.cursor.execute(f"SELECT 1 FROM {table}".encode())


@pytest.mark.parametrize("column", ["alert_id", "gpds_on"])
def test_a_partner_does_not_learn_where_a_parcours_came_from(seen: ReadModels, column: str) -> None:
    with seen.readings.of_parcours(partner(HERE)) as reading:
        (row,) = parcours.table(reading, ParcoursFilters(), "fin", 10)
        assert row[column] is None
        assert row["last_name"]
        assert parcours.of_alert(reading, ALERT) == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reading.cursor.execute(f"SELECT {column} FROM parcours".encode())


@pytest.mark.parametrize("table", ["parcours_id FROM parcours", "* FROM placements", "* FROM delays"])
def test_a_partner_sees_the_territory_only(seen: ReadModels, table: str) -> None:
    for uais, rows in (((HERE,), 1), ((HERE, ELSEWHERE), 2), ((), 0)):
        with seen.readings.of_parcours(partner(*uais)) as reading:
            assert len(reading.cursor.execute(f"SELECT {table}".encode()).fetchall()) == rows


def test_a_partner_knows_who_is_followed_and_nobody_else_of_the_school(changed: ReadModels) -> None:
    other, foreign = uuid4(), uuid4()
    changed.handle([pupil_identified(student_id=other, uai=HERE, ine="990000777AB")])
    changed.handle([pupil_identified(student_id=foreign, uai=ELSEWHERE, ine="990000778AB")])
    changed.handle([student_enrolled(student_id=other, uai=HERE)])
    with changed.readings.of_parcours(partner(HERE)) as reading:
        assert len(reading.cursor.execute("SELECT * FROM identities").fetchall()) == 1
        assert len(reading.cursor.execute("SELECT student_id FROM enrolments").fetchall()) == 1
        assert pupils.one(reading, other) is None
        assert pupils.by_ine(reading, "990000778AB") is None
        found = pupils.by_ine(reading, "990000777AB")
        assert found
        assert found["student_id"] == other
    with changed.readings.of_parcours(partner(HERE)) as reading:
        assert pupils.one(reading, other) is None, "the INE was given for one transaction"


def test_parcours_and_delays_are_not_opened_for_those_who_see_figures_or_nothing(seen: ReadModels) -> None:
    for sees in (Sees.COUNTS, Sees.NOTHING):
        with pytest.raises(NotForThisRole), seen.readings.of_parcours(scope(HERE, sees=sees)):
            pass
    for opened in (seen.readings.of_pupils, seen.readings.of_counts):
        with pytest.raises(NotForThisRole), opened(partner(HERE)):
            pass


def test_who_counts_has_figures_of_parcours_of_the_territory(seen: ReadModels) -> None:
    with seen.readings.of_counts(scope(HERE, sees=Sees.COUNTS)) as reading:
        assert parcours.counts_by_state(reading, date(2025, 12, 10)).by_state["open"] == 1


def test_a_pupil_followed_elsewhere_is_known_to_who_follows(changed: ReadModels) -> None:
    student = uuid4()
    changed.handle([parcours_event(ParcoursOpened, parcours_id=student, student_id=student, uai=HERE)])
    changed.handle([pupil_identified(student_id=student, uai=ELSEWHERE, ine="990000779AB")])
    for reader in (scope(HERE), partner(HERE)):
        with changed.readings.of_parcours(reader) as reading:
            row = parcours.one(reading, student)
            assert row
            assert row["ine"] == "990000779AB"
            assert delays.count(reading, DelayFilters()) == 1


@pytest.mark.parametrize(
    ("fact", "to_partners"),
    [
        (threshold_reached, False),
        (threshold_approached, False),
        (student_enrolled, False),
        (partial(parcours_event, ParcoursOpened), True),
        (partial(parcours_event, DelayStarted), True),
    ],
)
def test_a_pupil_the_register_has_not_told_of_is_known_by_all_else_that_is_in_sight(
    changed: ReadModels, fact: Callable[..., Envelope[Any]], to_partners: bool
) -> None:
    student = uuid4()
    changed.handle([fact(student_id=student, uai=HERE)])
    for reader, sees in ((scope(HERE), True), (partner(HERE), to_partners)):
        with changed.readings.of_parcours(reader) as reading:
            found = pupils.one(reading, student)
            school = school_in_sight(reading, found) if found else None
        assert (found is not None) is sees
        if found:
            assert school == HERE
            assert (found["student_id"], found["uai"], found["last_name"]) == (student, HERE, None)
    for foreign in (scope(ELSEWHERE), partner(ELSEWHERE)):
        with changed.readings.of_parcours(foreign) as reading:
            assert pupils.one(reading, student) is None


def test_a_roll_that_a_pupil_without_a_name_left_is_no_school_to_act_in(changed: ReadModels) -> None:
    student = uuid4()
    changed.handle([student_enrolled(student_id=student, uai=HERE), student_left(student_id=student, uai=HERE)])
    with changed.readings.of_pupils(scope(HERE)) as reading:
        found = pupils.one(reading, student)
        assert found
        assert found["uai"] is None
        assert school_in_sight(reading, found) is None


@pytest.mark.parametrize(
    "fact",
    [
        threshold_reached,
        student_enrolled,
        partial(parcours_event, ParcoursOpened),
        partial(parcours_event, DelayStarted),
    ],
)
def test_a_pupil_of_elsewhere_is_found_by_name_where_something_tells_of_the_pupil(
    changed: ReadModels, fact: Callable[..., Envelope[Any]]
) -> None:
    student = uuid4()
    changed.handle([fact(student_id=student, uai=HERE)])
    changed.handle([pupil_identified(student_id=student, uai=ELSEWHERE, last_name="TROUVAILLE")])
    changed.handle([pupil_identified(student_id=uuid4(), uai=ELSEWHERE, last_name="TROUVAILLE")])
    with changed.readings.of_pupils(scope(HERE)) as reading:
        assert [row["student_id"] for row in pupils.find(reading, "trouvaille", 9)] == [student]


def test_whom_somebody_looks_for_is_not_looked_for_among_the_pupils_of_every_school(changed: ReadModels) -> None:
    changed.handle([pupil_identified(student_id=uuid4(), uai=ELSEWHERE) for _ in range(300)])
    with changed.database.transaction() as tx:
        for table in ("identities", "enrolments", "alerts", "parcours", "delays"):
            tx.execute(f"ANALYZE {table}".encode())
    with changed.readings.of_pupils(scope(HERE)) as reading:
        assert pupils.find(reading, "introuvable", 9) == []
        row = reading.cursor.execute(
            "SELECT sum(seq_scan + coalesce(idx_scan, 0)) AS looks FROM pg_stat_xact_user_tables"
        ).fetchone()
    assert row
    assert row["looks"] < 50
