"""The projections service put together."""

from chassis.service import Service
from contracts.catalogue import DIRECTORY, buckets_of, streams_of
from services.projections import sight
from services.projections.acts import Acts
from services.projections.catalogue import ERASURES, ERASURES_SOURCE, READ_MODELS
from services.projections.commands import Commands
from services.projections.directory import Directory
from services.projections.forms import Forms
from services.projections.handlers import Erasure
from services.projections.live import Changes
from services.projections.reading.cursors import Cursors
from services.projections.reading.readings import Readings
from services.projections.secrets import Secrets
from services.projections.settings import ProjectionsSettings
from services.projections.tables import SCHEMA
from services.projections.web.application import make_application
from services.projections.web.searches import Searches
from services.projections.web.site import Site
from services.projections.web.views import Views

BATCH = 1000  # alerts carry their evidence: a batch of them is large


def build(settings: ProjectionsSettings) -> Service:
    """Streams in, read models out, and what people see of them."""
    service = Service(SCHEMA, settings, streams=streams_of("projections"), buckets=buckets_of("projections"))
    forms = Forms(service.database)
    service.add_task("read model forms", forms.run)
    for model in READ_MODELS:
        for feed in model.feeds:
            reader = service.reader(feed.reader, feed.source, feed.handler(model), batch=BATCH, traced_as="fold")
            forms.decide(service, model, reader)
    service.reader(ERASURES, ERASURES_SOURCE, Erasure(ERASURES), traced_as="fold")

    service.add_look("read models", sight.ages(service.backlog))
    service.add_look("mails", sight.mails(service.database))

    directory = Directory()
    secrets = Secrets(settings.token_secrets)
    changes = Changes(settings.login)
    readings = Readings(settings.login)
    service.add_reference(DIRECTORY, lambda: directory.reference.run(service.nats), lambda: directory.loaded)
    service.add_task("live changes", changes.run)
    service.http = make_application(
        Site(
            settings=settings,
            secrets=secrets,
            clock=service.clock,
            directory=directory,
            readings=readings,
            cursors=Cursors(secrets),
            searches=Searches(secrets),
            acts=Acts(readings, Commands(service.broker)),
            changes=changes,
            views=Views(settings.theme),
        )
    )
    return service
