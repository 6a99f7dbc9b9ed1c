"""The alerts service put together."""

from chassis.service import Service
from chassis.settings import Settings
from chassis.source import Source
from chassis.store import EventStore, StoreLog
from contracts.catalogue import ALERTS, PARCOURS, SCHOOL, buckets_of, filters_of, streams_of
from services.alerts.application import Alerts
from services.alerts.commands import listen
from services.alerts.reactions import ParcoursFacts, SchoolFacts
from services.alerts.tables import SCHEMA
from services.alerts.translation import TOPICS, translate


def build(settings: Settings) -> Service:
    """School facts and partner days in, alerts out, commands answered."""
    service = Service(SCHEMA, settings, streams=streams_of("alerts"), buckets=buckets_of("alerts"))
    store = EventStore(service.database)
    application = Alerts(store, service.clock)
    relay = service.relay(ALERTS.name, StoreLog(store, translate, TOPICS))
    service.reader(
        "alerts-school",
        Source(SCHOOL.name, "school", filters_of("alerts", SCHOOL), sifted=True),
        SchoolFacts(application),
        on_commit=relay.wake,
    )
    service.reader(
        "alerts-parcours",
        Source(PARCOURS.name, "parcours", filters_of("alerts", PARCOURS)),
        ParcoursFacts(application),
        on_commit=relay.wake,
    )
    listen(service.broker, application, on_commit=relay.wake)
    return service
