"""The parcours service put together."""

from chassis.clock import DatabaseClock, SystemClock
from chassis.looks import late_deadlines
from chassis.service import Service
from chassis.source import Source
from chassis.store import EventStore, StoreLog
from contracts.catalogue import PARCOURS, SCHOOL, buckets_of, filters_of, streams_of
from services.parcours import rules
from services.parcours.alarm import LEAPING_S, LOOK_EVERY_S, Alarm
from services.parcours.application import ParcoursService
from services.parcours.commands import listen
from services.parcours.reactions import Erasures
from services.parcours.settings import ParcoursSettings
from services.parcours.tables import SCHEMA
from services.parcours.translation import TOPICS, translate


def build(settings: ParcoursSettings) -> Service:
    """People's acts and the clock in, what becomes of parcours out."""
    service = Service(SCHEMA, settings, streams=streams_of("parcours"), buckets=buckets_of("parcours"))
    store = EventStore(service.database)
    application = ParcoursService(store, service.clock, rules.load(settings.rules_file))
    relay = service.relay(PARCOURS.name, StoreLog(store, translate, TOPICS))
    service.reader(
        "parcours-school",
        Source(SCHOOL.name, "school", filters_of("parcours", SCHOOL)),
        Erasures(application),
        on_commit=relay.wake,
    )
    # Deadlines go by the database's time: the clock of one machine among many may be wrong.
    leaps = not isinstance(service.clock, SystemClock)
    clock = service.clock if leaps else DatabaseClock(service.database)
    service.add_look("deadlines", late_deadlines(service.name, service.database, clock))
    alarm = Alarm(application, service.database, clock, relay.wake, LEAPING_S if leaps else LOOK_EVERY_S)
    service.add_task("alarm", alarm.run)
    listen(service.broker, application, on_commit=relay.wake)
    return service
