"""Whether each service has a login of its own in PostgreSQL, which reaches its own schema and owns nothing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, LiteralString

import psycopg

from chassis.revisions import Schema
from cli.checkup.findings import Finding, fail, ok

Connection = psycopg.Connection[Any]

_RIGHTS: LiteralString = """
SELECT name FROM pg_roles, LATERAL (VALUES
    ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb),
    ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls)) AS rights (name, held)
WHERE rolname = %(role)s AND held
"""
_MEMBER_OF: LiteralString = """
SELECT DISTINCT roleid::regrole::text FROM pg_auth_members
WHERE member = %(role)s::regrole AND NOT roleid::regrole::text = ANY(%(readers)s)
"""
_OWNS: LiteralString = """
SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend
WHERE refclassid = 'pg_authid'::regclass AND refobjid = %(role)s::regrole AND deptype = 'o'
    AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
ORDER BY 1
"""
_ENTERS: LiteralString = """
SELECT quote_ident(nspname) FROM pg_namespace
WHERE nspname <> ALL(%(allowed)s) AND nspname !~ '^pg_' AND has_schema_privilege(%(role)s, oid, 'USAGE') ORDER BY 1
"""
_MAKES: LiteralString = """
SELECT 'SCHEMA ' || quote_ident(nspname) FROM pg_namespace
WHERE nspname !~ '^pg_' AND has_schema_privilege(%(role)s, oid, 'CREATE')
UNION ALL SELECT 'DATABASE ' || quote_ident(current_database())
WHERE has_database_privilege(%(role)s, current_database(), 'CREATE') ORDER BY 1
"""
_EMPTIES: LiteralString = """
SELECT relname FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname = %(schema)s AND relkind IN ('r', 'p')
    AND has_table_privilege(%(role)s, pg_class.oid, 'TRUNCATE, REFERENCES, TRIGGER') ORDER BY 1
"""
_ANYBODY_S = ("public", "information_schema", "simulation")
_SHOWN = 3


def logins(connection: Connection, schemas: Iterable[Schema]) -> Iterator[Finding]:
    """What the roles of the services may do that they must not, each with the statement that takes it back."""
    each = list(schemas)
    faults = [fault for schema in each for fault in _faults(connection, schema)]
    yield from faults
    if not faults:
        yield ok("logins", f"{len(each)} services, each with a login that reaches its own schema and owns nothing")


def _faults(connection: Connection, schema: Schema) -> Iterator[Finding]:
    check, role = f"login of {schema.name}", schema.role
    about = {
        "role": role,
        "schema": schema.name,
        "readers": list(schema.readers),
        "allowed": [schema.name, *_ANYBODY_S],
    }

    def found(query: LiteralString) -> list[str]:
        return [str(row[0]) for row in connection.execute(query, about)]

    signs_in = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if not signs_in or not signs_in[0]:
        yield fail(check, f"{role} is missing or may not sign in", "perseverance provision --passwords DIR")
        return
    if rights := found(_RIGHTS):
        undone = " ".join(f"NO{right}" for right in rights)
        yield fail(check, f"{role} has rights of an owner: {_few(rights)}", f"ALTER ROLE {role} {undone}")
    if "SUPERUSER" in rights:
        return  # who may do everything may also do each of these
    if others := found(_MEMBER_OF):
        yield fail(check, f"{role} may act as {_few(others)}", f"REVOKE {', '.join(others)} FROM {role}")
    if owned := found(_OWNS):
        remedy = f"as the owner: REASSIGN OWNED BY {role} TO CURRENT_USER; then perseverance provision"
        yield fail(check, f"{role} owns {_few(owned)}", remedy)
        return  # an owner may do the rest as well
    if foreign := found(_ENTERS):
        remedy = f"REVOKE ALL ON SCHEMA {', '.join(foreign)} FROM {role}, PUBLIC; then perseverance provision"
        yield fail(check, f"{role} reaches schemas that are not its own: {_few(foreign)}", remedy)
    if makes := found(_MAKES):
        remedy = "; ".join(f"REVOKE CREATE ON {each} FROM {role}, PUBLIC" for each in makes)
        yield fail(check, f"{role} may make things in {_few(makes)}", remedy)
    if tables := found(_EMPTIES):
        yield fail(check, f"{role} may empty or tie tables: {_few(tables)}", "perseverance provision")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
