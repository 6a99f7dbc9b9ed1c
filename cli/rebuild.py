"""`perseverance rebuild`: build a read model anew beside the live one, then switch. Pages go on meanwhile."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import CliError, ExitCode
from cli.output import console, emit, say
from cli.runtime import Suite, suite_of
from contracts.permissions import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress

    from services.projections.catalogue import ReadModel
    from services.projections.rebuilding import Rebuilt

app = typer.Typer()
_NOTHING = "nothing was switched"


@app.command()
def main(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="alerts, roster, mails or parcours; all of them when left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Say what was done as JSON.")] = False,
) -> None:
    """Build a read model from the streams beside the live one, and switch when it has caught up.

    Two processes share the work of a long stream, with about 120 MB of memory each. Acts as the owner of the
    database, as `provision` does: tables are made and dropped.
    """
    from services.projections.catalogue import READ_MODELS

    wanted = [model for model in READ_MODELS if name in ("", model.name)]
    if not wanted:
        known = ", ".join(model.name for model in READ_MODELS)
        raise CliError(f"there is no read model {name!r}", f"there are {known}", ExitCode.USAGE)
    done = rebuild(suite_of(ctx), wanted)
    if as_json:
        emit([_report(each) for each in done])
    for each in () if as_json else done:
        say(f"{each.model}: {each.facts} facts in {each.seconds:.1f} s, live now")


def _report(done: "Rebuilt") -> dict[str, Any]:
    return {
        "model": done.model,
        "facts": done.facts,
        "seconds": round(done.seconds, 3),
        "loading_seconds": round(done.loading_seconds, 3),
    }


def rebuild(suite: Suite, models: "Sequence[ReadModel]", user: str = OPERATIONS) -> "list[Rebuilt]":
    """Build these read models beside the live ones, one after the other, as `user`.

    Raises CliError; nothing is switched then.
    """
    import uvloop

    from chassis.tuning import tune

    tune()
    return uvloop.run(_rebuild(suite, models, user))


async def _rebuild(suite: Suite, models: "Sequence[ReadModel]", user: str) -> "list[Rebuilt]":
    import nats.errors
    import psycopg
    from rich.progress import Progress

    from chassis.nats import Nats
    from services.projections.loading.hands import StreamShorter, Unreadable
    from services.projections.loading.helping import HelperFailed
    from services.projections.rebuilding import Busy, Rebuild, Replayed

    nats_ = Nats(suite.nats_url, "rebuild", credentials=suite.credentials(user))
    try:
        await nats_.connect()
        with Progress(console=console(), transient=True) as bars:
            return [await Rebuild(model, nats_, suite.login, _Bars(bars)).run() for model in models]
    except Busy:
        raise CliError("another rebuild is running", "wait for it to end", ExitCode.CONFLICT) from None
    except Unreadable as error:
        raise CliError(
            f"{error}: {_NOTHING}",
            "let the running service put it in quarantine, look at it with `perseverance quarantine list`, try again",
        ) from None
    except Replayed:
        raise CliError(
            "somebody replayed or dropped what is in quarantine meanwhile", f"{_NOTHING}; try again"
        ) from None
    except StreamShorter as error:
        raise CliError(str(error), f"{_NOTHING}; look at `perseverance streams verify`, try again") from None
    except HelperFailed as error:
        raise CliError(f"a process that helped did not go on ({error})", f"{_NOTHING}; try again") from None
    except psycopg.errors.InsufficientPrivilege:
        raise CliError("this role of PostgreSQL may not make tables", "rebuild as the owner of the database") from None
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise CliError(
            "the tables are in use without a pause, or somebody vacuums them",
            "try again when fewer people work, or once that is over",
        ) from None
    except psycopg.OperationalError:
        raise CliError("PostgreSQL is away", f"{_NOTHING}; try again", ExitCode.UNREACHABLE) from None
    except (OSError, nats.errors.Error):
        raise CliError("NATS is away", f"{_NOTHING}; try again", ExitCode.UNREACHABLE) from None
    finally:
        await nats_.close()


class _Bars:
    """One bar for each stream that is read."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._known: dict[str, Any] = {}

    def __call__(self, reader: str, at: int, end: int) -> None:
        if reader not in self._known:
            self._known[reader] = self._bars.add_task(reader, total=end)
        self._bars.update(self._known[reader], completed=at, total=end)
