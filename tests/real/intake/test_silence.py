"""When each school was last heard is known from the ledger, whichever replica looks."""

from datetime import timedelta

from chassis.clock import FixedClock
from chassis.gauges import Found
from services.intake import silence
from services.intake.silence import SILENT, Silence
from tests.real.intake.conftest import CALENDAR, serving
from tests.real.intake.test_accepting import named, send
from tests.unit.intake.given import NOW, OTHER_UAI, SCHOOLS, absence, enrolment


def heard(database):
    with database.transaction() as tx:
        silence.follow(tx)
        return silence.last_heard(tx)


async def test_a_school_that_speaks_again_is_no_longer_silent(intake, sender, database, clock: FixedClock):
    look = Silence(database, clock, SCHOOLS.values, CALENDAR, after=3).look
    send(intake, sender, named("1", absence()), named("2", enrolment(ine="222222222CC", uai=OTHER_UAI)))
    heard(database)
    assert _silent(await look()) == 0
    clock.advance(timedelta(days=6))
    assert _silent(await look()) == 2
    send(intake, sender, named("3", absence(period="AFTERNOON")))
    heard(database)
    assert _silent(await look()) == 1


def test_a_refused_event_is_not_a_word(intake, sender, database, clock: FixedClock):
    send(intake, sender, named("1", absence()))
    before = heard(database)
    clock.advance(timedelta(days=1))
    send(intake, sender, named("2", absence(date="2025-10-12")), named("1", absence()))
    assert heard(database) == before


def test_two_replicas_do_not_follow_the_ledger_at_once(intake, sender, database):
    send(intake, sender, named("1", absence()))
    with database.transaction() as one, database.transaction() as other:
        silence.follow(one)
        silence.follow(other)  # returns at once: nothing to do while the first does it
        assert silence.last_heard(other) == {}
    assert len(heard(database)) == 1


async def test_it_is_shown(directory, nats_url: str, postgres_url: str, intake, sender, database):
    send(intake, sender, named("1", absence()))
    later = NOW + timedelta(days=10)
    async with serving(nats_url, postgres_url, later) as service:
        await service.looks["silent schools"]()
        heard(database)
        assert _silent(await service.looks["silent schools"]()) == 1
        assert set(service.looks) == {"backlog", "quarantine", "relays", "silent schools"}


def _silent(found: Found) -> float:
    return found[SILENT][()]
