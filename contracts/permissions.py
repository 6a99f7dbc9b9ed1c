"""Who may say and hear what on NATS: from the catalogue, and nothing beyond what each one does.

A subject that is not listed is refused by the server, and a service that is refused ends (`chassis/nats.py`).
Streams are read through the JetStream API, so nobody subscribes to a subject that holds facts.
"""

from dataclasses import dataclass

from contracts.catalogue import (
    BUCKETS,
    COMMANDER,
    COMMANDS,
    DIRECTORY,
    FLOW,
    INTAKE,
    REFUSALS,
    SERVICES,
    STREAMS,
    buckets_of,
    fed_by,
    read_by,
    streams_of,
)
from contracts.streams import BucketSpec, commands_inbox_of, inbox_of, wake_of

API = "$JS.API"
DOOR = "door"
PROVISIONING, LOADER, OPERATIONS = "provisioning", "directory", "operations"

USERS = (*SERVICES, PROVISIONING, LOADER, OPERATIONS)
"""Everyone who has a key: the services, the job that makes streams, who loads the directory, who looks after it all."""

KEEPER = {"intake": (INTAKE, REFUSALS)}
"""Who removes from a stream what is done with."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """The subjects that one user may publish on and subscribe to; `hidden` ones are taken back from the latter.

    A subscription followed by a space and a name may only be made as a member of that queue group.
    """

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    hidden: tuple[str, ...] = ()


def permissions_of(user: str) -> Permissions:
    """What `user` may do. Raises KeyError for nobody we know."""
    if user in SERVICES:
        return _service(user)
    publish = {PROVISIONING: _provisioning, LOADER: _loader, OPERATIONS: _operations}[user]()
    heard = map(_changes_of, BUCKETS) if user == OPERATIONS else ()  # who replays keeps it in memory too
    return Permissions(publish, (f"{inbox_of(user)}.>", *heard))


def sender_permissions(sender: str) -> Permissions:
    """What a school's system may do that sends on NATS: say its own facts, read its own refusals."""
    refused = f"intake.refused.{sender}"
    mine = f"{REFUSALS.name}.{sender}"
    publish = (
        f"intake.raw.{sender}",
        f"{API}.CONSUMER.CREATE.{mine}.{refused}",  # the server holds the filter of the request to the one named here
        f"{API}.CONSUMER.INFO.{mine}",
        f"{API}.CONSUMER.MSG.NEXT.{mine}",
        f"{API}.CONSUMER.DELETE.{mine}",
    )
    return Permissions(publish, (f"{inbox_of(f'sender.{sender}')}.>", refused))


def door_permissions() -> Permissions:
    """What anybody on the machine of an embedded server may do without a key: what senders do, under any name."""
    publish = ("intake.raw.*", *_look(INTAKE.name), *_look(REFUSALS.name), *_read(REFUSALS.name))
    return Permissions(publish, ("_INBOX.>", "intake.refused.*"), tuple(f"{inbox_of(user)}.>" for user in USERS))


def _service(name: str) -> Permissions:
    said = tuple(dict.fromkeys(channel.subject for channel in FLOW if channel.producer == name))
    refusals = REFUSALS.subjects if REFUSALS in fed_by(name) else ()
    publish = [
        *said,
        *refusals,
        *(wake_of(inbox_of(name), stream.name) for stream in fed_by(name)),
        *(subject for stream in streams_of(name) for subject in _look(stream.name)),
        *(f"{API}.STREAM.MSG.GET.{stream.name}" for stream in streams_of(name)),  # where we stand, is it still so?
        *(subject for stream in read_by(name) for subject in _read(stream.name)),
        *(f"{API}.STREAM.PURGE.{stream.name}" for stream in KEEPER.get(name, ())),
        *(subject for bucket in buckets_of(name) for subject in _read_bucket(bucket.name)),
    ]
    obeyed = [command.SUBJECT for command, service in COMMANDS.items() if service == name]
    if obeyed:
        publish.append(f"{commands_inbox_of(COMMANDER)}.>")
    if name == COMMANDER:
        publish += [command.SUBJECT for command in COMMANDS]
    heard = map(_changes_of, buckets_of(name))
    return Permissions(tuple(publish), (f"{inbox_of(name)}.>", *heard, *(f"{subject} {name}" for subject in obeyed)))


def _provisioning() -> tuple[str, ...]:
    """Makes streams and buckets, and reads what the read models are made of: they are built anew when they change."""
    read = [stream.name for stream in read_by("projections")]
    names = [*(stream.name for stream in STREAMS), *(bucket.stream for bucket in BUCKETS)]
    return (
        *(f"{API}.STREAM.{act}.{name}" for name in names for act in ("INFO", "CREATE", "UPDATE")),
        *(f"{API}.STREAM.DELETE.{stream.name}" for stream in STREAMS if stream.replayable),  # to be made anew
        *(f"{API}.STREAM.MSG.GET.{name}" for name in read),
        *(subject for name in read for subject in _read(name)),
    )


def _loader() -> tuple[str, ...]:
    return (f"$KV.{DIRECTORY.name}.>", *_read_bucket(DIRECTORY.name))


def _operations() -> tuple[str, ...]:
    """Sees everything and says nothing; takes out of a stream what a database that was restored does not know."""
    fed = [stream.name for service in SERVICES for stream in fed_by(service)]
    return (
        f"{API}.INFO",
        *(subject for stream in STREAMS for subject in (*_look(stream.name), *_read(stream.name))),
        *(f"{API}.STREAM.MSG.GET.{stream.name}" for stream in STREAMS),
        *(f"{API}.STREAM.{act}.{name}" for name in fed for act in ("MSG.DELETE", "PURGE")),
        *(f"{API}.CONSUMER.CREATE.{stream.name}.>" for stream in STREAMS),  # as the usual clients name theirs
        *(subject for bucket in BUCKETS for subject in _read_bucket(bucket.name)),
    )


def _look(stream: str) -> tuple[str, ...]:
    return (f"{API}.STREAM.INFO.{stream}",)


def _read(stream: str) -> tuple[str, ...]:
    """A consumer of one's own: made, pulled from, taken away; and one message by itself, for its age."""
    return (
        f"{API}.CONSUMER.CREATE.{stream}",
        f"{API}.CONSUMER.INFO.{stream}.*",
        f"{API}.CONSUMER.MSG.NEXT.{stream}.*",
        f"{API}.CONSUMER.DELETE.{stream}.*",
        f"{API}.DIRECT.GET.{stream}",
    )


def _changes_of(bucket: BucketSpec) -> str:
    return f"$KV.{bucket.name}.>"


def _read_bucket(bucket: str) -> tuple[str, ...]:
    stream = f"KV_{bucket}"
    create, *rest = _read(stream)
    return (*_look(stream), f"{create}.*.$KV.{bucket}.>", *rest)
