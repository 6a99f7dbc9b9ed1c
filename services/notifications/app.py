"""The notifications service put together."""

from collections.abc import Awaitable, Callable
from typing import Any

from chassis.clock import SystemClock
from chassis.looks import late_deadlines
from chassis.service import Service
from chassis.source import Source
from chassis.store import EventStore, StoreLog
from contracts.catalogue import ALERTS, DIRECTORY, NOTIFICATIONS, PARCOURS, SCHOOL, buckets_of, filters_of, streams_of
from contracts.streams import StreamSpec
from services.notifications.addressing import Addressing
from services.notifications.application import Notifications
from services.notifications.backoff import BackOff
from services.notifications.breaker import Breaker
from services.notifications.courier import Courier, MailRelay
from services.notifications.directory import Directory
from services.notifications.outbox import Outbox
from services.notifications.pages import pages
from services.notifications.reactions import Reaction, on_alerts, on_parcours, on_student_erased
from services.notifications.rendering import Identity, Renderer
from services.notifications.sender import Sender
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import SCHEMA
from services.notifications.translation import TOPICS, translate

BATCH = 500  # an alert is read as its whole contract, evidence included: more at once weighs, and gains nothing


def build(settings: NotificationsSettings) -> Service:
    """Alerts, parcours and delays in, e-mails out, and the proof of them."""
    http = pages(settings.catcher_dir) if settings.catcher_dir else None
    streams, buckets = streams_of("notifications"), buckets_of("notifications")
    service = Service(SCHEMA, settings, streams=streams, buckets=buckets, http=http)
    store = EventStore(service.database)
    directory = Directory()
    relay = service.relay(NOTIFICATIONS.name, StoreLog(store, translate, TOPICS))
    sender = _sender(service, settings, store, directory, relay.wake)

    def on_commit() -> None:
        relay.wake()
        sender.wake()

    def application() -> Notifications:
        return Notifications(store, lambda: directory.people, service.clock)

    def read(stream: StreamSpec, root: str, reaction: Reaction[Any]) -> None:
        source = Source(stream.name, root, filters_of("notifications", stream))
        reader = service.reader(f"notifications-{root}", source, reaction, on_commit=on_commit, batch=BATCH)
        # Without the directory, everybody would be nobody.
        service.add_task(f"reader {reader.name}", _after(directory.wait_loaded, reader.run))

    read(ALERTS, "alerts", on_alerts(application()))
    read(PARCOURS, "parcours", on_parcours(application()))
    read(SCHOOL, "school", on_student_erased(application()))
    addressing = Addressing(application(), service.database, directory.changed, on_commit)
    service.add_look("deadlines", late_deadlines(service.name, service.database, SystemClock()))
    service.add_reference(DIRECTORY, lambda: directory.run(service.nats), lambda: directory.loaded)
    service.add_task("addressing", _after(directory.wait_loaded, addressing.run))
    service.add_task("sender", _after(directory.wait_loaded, sender.run))
    return service


def _sender(
    service: Service,
    settings: NotificationsSettings,
    store: EventStore,
    directory: Directory,
    on_commit: Callable[[], None],
) -> Sender:
    identity = Identity(
        settings.mail_from,
        settings.mail_from_name,
        settings.mail_reply_to,
        settings.mail_domain,
        settings.public_url,
    )
    mail_relay = MailRelay(
        settings.smtp_host,
        settings.smtp_port,
        settings.mail_from,
        settings.smtp_tls,
        settings.smtp_user,
        settings.smtp_passwords,
        settings.smtp_hello,
        settings.smtp_timeout_s,
    )
    outbox = Outbox(
        service.database,
        store,
        lambda: directory.people,
        service.clock,
        Renderer(identity),
        BackOff(settings.retry_first_s, settings.retry_longest_s),
        settings.attempt_lease_s,
    )
    return Sender(
        outbox,
        [Courier(mail_relay) for _ in range(settings.smtp_connections)],
        Breaker(BackOff(1.0, 60.0)),
        lease_s=settings.attempt_lease_s,
        stop_s=settings.sender_stop_s,
        on_commit=on_commit,
    )


def _after(ready: Callable[[], Awaitable[None]], run: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def wait_then_run() -> None:
        await ready()
        await run()

    return wait_then_run
