"""A connection to NATS for one errand of a command, and what is said when it cannot be done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats.errors
from nats.js.errors import NotFoundError

from chassis.nats import NatsClient, connect_once, refusal
from cli.errors import CliError, ExitCode
from cli.runtime import Suite

_CONNECT_S = 5


@asynccontextmanager
async def errand(suite: Suite, user: str, hint: str = "") -> AsyncIterator[NatsClient]:
    """Connected as `user` for as long as the block. Raises CliError when NATS is away, went away or refuses us."""
    credentials = suite.credentials(user)
    client: NatsClient | None = None
    try:
        client = await connect_once(suite.nats_url, f"cli-{user}", _CONNECT_S, credentials=credentials)
        yield client
    except NotFoundError:
        raise
    except (OSError, TimeoutError, nats.errors.Error) as error:
        refused = (client.refused if client else "") or refusal(error, credentials)
        if refused:
            raise CliError("NATS refuses us", refused, ExitCode.UNREACHABLE) from None
        if client:
            what = f"NATS went away ({type(error).__name__})"
            raise CliError(what, hint or "run the same command again", ExitCode.UNREACHABLE) from None
        raise CliError(
            f"NATS does not answer at {suite.nats_url}", hint or "is the suite up?", ExitCode.UNREACHABLE
        ) from None
    finally:
        if client:
            await client.close()
