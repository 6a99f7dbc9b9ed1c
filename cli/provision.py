"""`perseverance provision`: roles, schemas, tables, streams and buckets, as declared. Safe to run at any time."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import CliError, ExitCode
from cli.output import emit, say
from cli.passwords import read
from cli.rebuild import rebuild
from cli.runtime import Suite, suite_of
from contracts.catalogue import SERVICES
from contracts.permissions import PROVISIONING

if TYPE_CHECKING:
    from chassis.revisions import RevisionFailed, Schema
    from services.projections.catalogue import ReadModel

app = typer.Typer()
_REMAKE = (
    "`perseverance streams remake` makes anew what the services can fill again; INTAKE, REFUSALS and DIRECTORY hold"
    " what nobody can: copy what you need of them and delete them (`nats stream rm`); then provision again"
)


def schemas() -> "list[Schema]":
    """Each service's part of the database."""
    return [import_module(f"services.{name}.tables").SCHEMA for name in SERVICES]


def provision(suite: Suite, passwords: Path | None = None, *, alone: bool = False) -> list[str]:
    """Make the database and the streams what they must be; what they hold is kept. Return the revisions applied.

    Read models of another form than this version's are built anew beside the live ones, then switched. `passwords` is
    a directory with a file for each service whose password is to be set. `alone`: no service runs, so streams that must
    be made anew are.

    Raises CliError when a server is away or refuses.
    """
    import psycopg

    from chassis.login import refusal
    from chassis.provision import NewerDatabase, provision_database
    from chassis.revisions import RevisionFailed

    try:
        applied = provision_database(suite.login, schemas(), read(passwords) if passwords else {})
    except NewerDatabase as error:
        raise CliError(
            f"schema {error} was provisioned by a newer version", "provision with that version", ExitCode.CONFLICT
        ) from None
    except RevisionFailed as error:
        raise of_revision(error) from None
    except psycopg.OperationalError as error:
        hint = refusal(error) or "check DATABASE_URL"
        raise CliError("PostgreSQL is away or refuses us", hint, ExitCode.UNREACHABLE) from None
    except psycopg.errors.InsufficientPrivilege:
        raise CliError(
            "this role of PostgreSQL may not make schemas and roles, or those of the services are another's",
            "provision as the owner of the database, who has CREATEROLE and made the roles of its services:"
            " a server holds one database of the suite",
        ) from None
    except psycopg.Error as error:
        hint = "see the log of PostgreSQL, then provision again: what was done is kept"
        raise CliError(f"PostgreSQL refused a step of the provisioning ({_kind(error)})", hint) from None
    asyncio.run(_provision_streams(suite, alone=alone))
    if models := _outdated(suite):
        say(f"building anew, beside the live ones: {', '.join(model.name for model in models)} ...")
        rebuild(suite, models, PROVISIONING)
    return applied


def of_revision(error: "RevisionFailed") -> CliError:
    """What stopped a revision, by its kind and place: what PostgreSQL says may quote what a table holds."""
    import psycopg

    from chassis.login import refusal

    cause = error.__cause__
    if isinstance(cause, psycopg.errors.LockNotAvailable):
        return CliError("a table to change is in use without a pause", "try again when fewer people work")
    if isinstance(cause, psycopg.errors.DuplicateTable):
        return CliError("this database holds tables made before the first release", "begin with an empty database")
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:
        return CliError("PostgreSQL went away", refusal(cause) or "provision again", ExitCode.UNREACHABLE)
    return CliError(
        f"revision {error.revision} of schema {error.schema} was refused ({_kind(cause)}), nothing of it was kept",
        "run the version you had, which goes on as before, and mend what the revision met: the log of PostgreSQL says"
        " what; then provision again",
    )


def _kind(error: BaseException | None) -> str:
    diagnosis = getattr(error, "diag", None)
    names = (diagnosis.table_name, diagnosis.column_name, diagnosis.constraint_name) if diagnosis else ()
    place = ".".join(name for name in names if name)
    return f"{type(error).__name__}{f' at {place}' if place else ''}"


async def _provision_streams(suite: Suite, *, alone: bool) -> None:
    from nats.js.errors import ServerError

    from chassis.provision import MadeForOneServer, NotBroughtBack, OfAnotherForm, make_streams, remake_streams
    from cli.errands import errand
    from contracts.catalogue import BUCKETS, STREAMS

    async with errand(suite, PROVISIONING, "check NATS_URL, start it with -js") as client:
        try:
            js = client.jetstream(timeout=10)
            if alone and (made := await remake_streams(js, STREAMS)):
                say(f"made anew, to be filled by the services: {', '.join(made)}")
            await make_streams(js, STREAMS, BUCKETS)
        except MadeForOneServer as error:
            hint = "`perseverance streams remake`, then provision again: the services fill it from their stores"
            raise CliError(f"stream {error} was made for one server and cannot have copies", hint) from None
        except OfAnotherForm as error:
            hint = "stop the services, `perseverance streams remake`, provision again, start them: they fill it"
            raise CliError(f"stream {error} holds messages as an earlier version named them", hint) from None
        except NotBroughtBack as error:
            raise CliError(f"NATS does not take back what somebody changed: {error}", _REMAKE) from None
        except ServerError as error:
            hint = "a stream can have as many copies (PERSEVERANCE_STREAM_REPLICAS) as there are servers"
            raise CliError(f"NATS refuses a stream as declared: {error.description}", hint) from None


def _outdated(suite: Suite) -> "list[ReadModel]":
    from services.projections.stores.generations import LIVE, outdated

    with suite.login.connect(options=f"-c search_path={LIVE}") as connection, connection.cursor() as tx:
        return outdated(tx)


@app.command()
def main(
    ctx: typer.Context,
    passwords: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Set what services sign in with: the first line of each SERVICE.password."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was done as JSON.")] = False,
) -> None:
    """Make the database and the streams what they must be."""
    from contracts.catalogue import BUCKETS, STREAMS

    suite = suite_of(ctx)
    applied = provision(suite, passwords)
    done = {
        "schemas": list(SERVICES),
        "streams": [stream.name for stream in STREAMS],
        "buckets": [bucket.name for bucket in BUCKETS],
    }
    if as_json:
        emit({**done, "revisions": applied})
    else:
        say(f"applied: {', '.join(applied) or 'nothing, every table was up to date'}")
        for kind, names in done.items():
            say(f"{kind}: {', '.join(names)} as declared")
