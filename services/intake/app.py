"""The composition root of intake: settings in, a service ready to run out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import nats.errors
from nats.js.errors import Error as JetStreamError

from chassis.clock import Clock
from chassis.database import TRANSIENT
from chassis.logs import Log
from chassis.reference import Reference
from chassis.relay import Relay
from chassis.service import Service
from chassis.source import Source
from contracts.catalogue import DIRECTORY, INTAKE, REFUSALS, REGISTER, SCHOOL, buckets_of, streams_of
from contracts.directory import EMPTY, School
from services.intake import http
from services.intake.admission import Admission
from services.intake.application import Intake
from services.intake.calendar import SchoolCalendar
from services.intake.directory import Directory, DirectoryAwayError, any_school, decode
from services.intake.housekeeping import Housekeeping
from services.intake.http import Door
from services.intake.ledger_log import ledger_log, refusals_log, register_log
from services.intake.raw_reader import READER, RawHandler
from services.intake.settings import IntakeSettings
from services.intake.silence import Silence
from services.intake.tables import SCHEMA

log = Log("intake")

_OFTEN_S, _RARELY_S = 5.0, 60.0
_REFRESH_LIMIT_S = 5.0
_RAW_BATCH = 500
_BODIES_IN_HAND = 8  # full-sized ones: what the door may hold in memory at once
_AWAY: tuple[type[Exception], ...] = (*TRANSIENT, nats.errors.Error, JetStreamError, TimeoutError)


def build(settings: IntakeSettings, clock: Clock | None = None) -> Service:
    """Put intake together; `clock` replaces the one of the settings."""
    service = Service(SCHEMA, settings, streams=streams_of("intake"), buckets=buckets_of("intake"))
    service.clock = clock or service.clock
    relays: list[Relay] = []

    def wake() -> None:
        for relay in relays:
            relay.wake()

    schools = _Schools(service)
    calendar = SchoolCalendar(settings.first_day)
    intake = Intake(service.database, service.clock, schools.directory, calendar, on_commit=wake)
    raw = RawHandler(intake, wake)
    service.reader(
        READER,
        Source.plain(INTAKE.name, INTAKE.subjects[0]),
        raw,
        on_commit=raw.committed,
        batch=_RAW_BATCH,
        traced_as="",
        pipelined=False,  # the ledger is written by COPY
    )
    school = service.relay(SCHOOL.name, ledger_log(service.database))
    register = service.relay(REGISTER.name, register_log(service.database))
    refusals = service.relay(REFUSALS.name, refusals_log(service.database))
    relays += [school, register, refusals]
    keeper = Housekeeping(service.database, service.clock, partial(_purge, service))
    often = (keeper.purge_raw, keeper.follow_schools, partial(keeper.measure_backlog, school))
    service.add_task("housekeeping", partial(_keep, _OFTEN_S, *often))
    service.add_task("old refusals", partial(_keep, _RARELY_S, partial(keeper.forget_refusals, refusals)))
    silence = Silence(service.database, service.clock, schools.all, calendar, settings.silent_after_school_days)
    service.add_look("silent schools", silence.look)
    room = _BODIES_IN_HAND * settings.max_body_bytes
    admission = Admission(settings.max_requests, room, settings.max_backlog, lambda: keeper.backlog)
    door = Door(intake, service.database, admission, settings.max_body_bytes, settings.max_events)
    service.http = http.build(door)
    return service


class _Schools:
    """The directory, kept in memory by a task of the service and asked from its threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._reference: Reference[School | None] = Reference(DIRECTORY.name, decode, on_change=self._look)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.directory = Directory(self._reference, self._refresh)
        service.add_reference(DIRECTORY, self._run, lambda: self._reference.loaded)

    def all(self) -> Iterable[School]:
        """Every school, as the directory was last read."""
        return (school for school in self._reference.values() if school is not None)

    async def _look(self) -> None:
        if not any_school(self._reference):
            log.error("directory.empty", what=EMPTY)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._reference.run(self._service.nats)

    def _refresh(self) -> None:
        """Look at the bucket now, from a thread. Raises DirectoryAwayError."""
        if self._loop is None:
            raise DirectoryAwayError
        looking = asyncio.run_coroutine_threadsafe(self._reference.refresh(self._service.nats.js), self._loop)
        try:
            looking.result(_REFRESH_LIMIT_S)
        except Exception as error:
            looking.cancel()
            raise DirectoryAwayError from error


async def _purge(service: Service, stream: str, before: int) -> None:
    await service.nats.js.purge_stream(stream, seq=before)


async def _keep(every_s: float, *steps: Callable[[], Awaitable[None]]) -> None:
    """Do these again and again, for as long as the service lives; what cannot be done now is done the next time."""
    while True:
        for step in steps:
            try:
                await step()
            except _AWAY as error:
                log.warning("housekeeping.put_off", cause=type(error).__name__)
        await asyncio.sleep(every_s)
