"""The one place where roles, schemas, tables, streams and buckets are made. Services declare nothing."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import LiteralString

import psycopg
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import APIError, NotFoundError
from psycopg import sql

from chassis import revisions
from chassis.declared import Spec, config_of, differing, written_behind
from chassis.login import Login
from chassis.nats import connect_once
from chassis.placement import Placement
from chassis.revisions import Connection, Schema
from contracts.streams import BucketSpec, StreamSpec

_LOCK = 7_112_023  # any number, the same for every provisioning
_NOT_ANYBODY_S = """
DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY, CONNECT ON DATABASE %I FROM PUBLIC', current_database());
END $$
"""
_WHO_WATCHES = "pg_monitor"
"""Members of this role of the server count for an operator: CloudNativePG's exporter, from 1.28.3 and 1.29.1 on."""
_GRANTS: tuple[LiteralString, ...] = (
    # Rows, and nothing that changes a table or empties one.
    "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
)
_CONNECT_S = 10
_NOT_THAT_WAY = 10052  # the server: such a change cannot be made to a stream that is there
_SIMULATION = """
CREATE SCHEMA IF NOT EXISTS simulation;
CREATE TABLE IF NOT EXISTS simulation.clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    instant   timestamptz NOT NULL
);
"""


class MadeForOneServer(Exception):
    """This stream cannot be given copies; made anew, it can, and its relay fills it again."""


class OfAnotherForm(Exception):
    """What this stream holds stands under subjects of an earlier version; made anew, its relay fills it as of now."""


class NotBroughtBack(Exception):
    """These streams and buckets were given settings by hand that the server does not take back."""


class NewerDatabase(Exception):
    """A newer version provisioned this database, and took away what this version needs."""


@contextlib.contextmanager
def alone(owner: Login | str) -> Iterator[Connection]:
    """The only provisioning of this database for as long as the block: a second one waits for the first."""
    login = owner if isinstance(owner, Login) else Login(owner)
    with login.connect(autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield connection


def provision_database(
    owner: Login | str, schemas: Iterable[Schema], passwords: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Make each service's role, schema and tables; return the revisions that were applied.

    `passwords`: what the role of a schema signs in with from now on; those not named keep theirs.

    Nobody else is let in but who watches the server.

    Idempotent, and harmless when two run at once: the second waits for the first. Raises NewerDatabase.
    """
    applied = []
    login = owner if isinstance(owner, Login) else Login(owner)
    with alone(login) as connection:
        make_roles(connection, wanted := list(schemas))
        connection.execute(_SIMULATION)
        for schema in wanted:
            _let_in(connection, schema.role)
        connection.execute(_NOT_ANYBODY_S)
        _let_in(connection, _WHO_WATCHES)
        for schema in wanted:
            _make_schema(connection, schema)
            if password := passwords.get(schema.name):
                _set_password(connection, schema.role, password)
            applied += _make_tables(connection, login, schema)
    return applied


def make_roles(connection: Connection, schemas: Iterable[Schema]) -> None:
    """Make the role of each service, which signs in, and those that only read; they belong to the whole server."""
    for schema in schemas:
        for role in (schema.role, *schema.readers):
            _make_role(connection, role, signs_in=role == schema.role)
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
        for role in schema.readers:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(schema.role)))


def _make_role(connection: Connection, role: str, *, signs_in: bool) -> None:
    name, kind = sql.Identifier(role), sql.SQL("LOGIN" if signs_in else "NOLOGIN")
    known = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if not known:
        # Another database's provisioning may make it meanwhile.
        with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE ROLE {} {}").format(name, kind))
    elif known[0] != signs_in:
        connection.execute(sql.SQL("ALTER ROLE {} {}").format(name, kind))


def _let_in(connection: Connection, role: str) -> None:
    names = map(sql.Identifier, (connection.info.dbname, role))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(*names))


def _set_password(connection: Connection, role: str, password: str) -> None:
    # As the server keeps it, for its log may show this statement.
    kept = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), kept))


def _make_schema(connection: Connection, schema: Schema) -> None:
    name = sql.Identifier(schema.name)
    roles = sql.SQL(", ").join(map(sql.Identifier, (schema.role, *schema.readers)))
    for statement in (
        "CREATE SCHEMA IF NOT EXISTS {name}",
        "GRANT USAGE ON SCHEMA {name} TO {roles}",
        "GRANT USAGE ON SCHEMA simulation TO {role}",
        "GRANT SELECT ON simulation.clock TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(name=name, roles=roles, role=sql.Identifier(schema.role)))


def _make_tables(connection: Connection, login: Login, schema: Schema) -> list[str]:
    known, present = schema.known(), schema.applied(connection)
    lacking = revisions.missing(known, present)
    if present.keys() - known.keys() and (lacking or revisions.foreign_contracts(known, present)):
        raise NewerDatabase(schema.name)
    if lacking:
        from chassis.migrate import migrate

        migrate(login, schema)
    names = {"schema": sql.Identifier(schema.name), "role": sql.Identifier(schema.role)}
    connection.execute(sql.SQL("SET search_path TO {schema}").format(**names))
    schema.finish(connection)
    connection.execute("RESET search_path")
    with connection.transaction():  # a service at work must never find itself without
        for granted in _GRANTS:
            connection.execute(sql.SQL(granted).format(**names))
    return lacking


async def provision_streams(nats_url: str, streams: Iterable[StreamSpec], buckets: Iterable[BucketSpec]) -> None:
    """As `make_streams`, on a server that lets anybody in."""
    client = await connect_once(nats_url, "provisioning", _CONNECT_S)
    try:
        await make_streams(client.jetstream(timeout=10), streams, buckets)
    finally:
        await client.close()


async def make_streams(js: JetStreamContext, streams: Iterable[StreamSpec], buckets: Iterable[BucketSpec]) -> None:
    """Make each stream and bucket, or bring its settings back to what is declared. Messages are kept.

    Raises MadeForOneServer or OfAnotherForm before anything is touched, NotBroughtBack when all else is done.
    """
    placement, specs = Placement(), _all(streams, buckets)
    present = {spec: await _present(js, spec) for spec in specs}
    for spec, config in present.items():
        if config and written_behind(config) and placement.stream_replicas > 1:
            raise MadeForOneServer(spec.name)
        if config and isinstance(spec, StreamSpec) and spec.replayable and await _of_another_form(js, spec):
            raise OfAnotherForm(spec.name)
    stuck = []
    for spec, config in present.items():
        if config is None:
            await js.add_stream(config_of(spec, placement))
        elif left := await _bring_back(js, config, config_of(spec, placement, config)):
            stuck.append(f"{_called(spec)} ({', '.join(left)})")
    if stuck:
        raise NotBroughtBack("; ".join(stuck))


async def _bring_back(js: JetStreamContext, present: StreamConfig, wanted: StreamConfig) -> list[str]:
    """Give a stream the settings it must have; return those that the server does not take back."""
    try:
        return differing((await js.update_stream(wanted)).config, wanted)
    except APIError as error:
        if error.err_code != _NOT_THAT_WAY:
            raise
        return differing(present, wanted)


async def _of_another_form(js: JetStreamContext, spec: StreamSpec) -> bool:
    """Whether its first message would not be taken under the subjects declared: readers would never be sent it."""
    state = (await js.stream_info(spec.name)).state
    if not state.messages:
        return False
    try:
        subject = (await js.get_msg(spec.name, state.first_seq)).subject or ""
    except NotFoundError:
        return False
    return not any(_takes(declared.split("."), subject.split(".")) for declared in spec.subjects)


def _takes(declared: Sequence[str], tokens: Sequence[str]) -> bool:
    return len(declared) == len(tokens) and all(
        one in ("*", other) for one, other in zip(declared, tokens, strict=True)
    )


async def _present(js: JetStreamContext, spec: Spec) -> StreamConfig | None:
    try:
        return (await js.stream_info(spec.stream if isinstance(spec, BucketSpec) else spec.name)).config
    except NotFoundError:
        return None


def _all(streams: Iterable[StreamSpec], buckets: Iterable[BucketSpec]) -> list[Spec]:
    return [*streams, *buckets]


def _called(spec: Spec) -> str:
    return f"{'bucket' if isinstance(spec, BucketSpec) else 'stream'} {spec.name}"


async def remake_streams(js: JetStreamContext, streams: Iterable[StreamSpec]) -> list[str]:
    """Make anew those that cannot be made what is declared: empty, for their relays to fill. Return their names."""
    placement, made = Placement(), []
    for spec in streams:
        present = await _present(js, spec)
        if present and spec.replayable and await _lost(js, spec, placement, present):
            await js.delete_stream(spec.name)
            await js.add_stream(config_of(spec, placement))
            made.append(spec.name)
    return made


async def _lost(js: JetStreamContext, spec: StreamSpec, placement: Placement, present: StreamConfig) -> bool:
    if written_behind(present) != written_behind(config_of(spec, placement)):
        return True
    if await _of_another_form(js, spec):
        return True
    wanted = config_of(spec, placement, present)
    return bool(differing(present, wanted)) and bool(await _bring_back(js, present, wanted))


async def drift(js: JetStreamContext, streams: Iterable[StreamSpec], buckets: Iterable[BucketSpec]) -> list[str]:
    """What is not as declared, a line each; empty when all is well."""
    placement, found = Placement(), []
    for spec in _all(streams, buckets):
        present = await _present(js, spec)
        if present is None:
            found.append(f"{_called(spec)} is missing")
            continue
        names = differing(present, config_of(spec, placement, present))
        found += [f"{_called(spec)}: {name} is not as declared" for name in names]
    return found
