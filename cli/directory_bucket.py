"""The directory's bucket: write it, read it. Used by the command line, the demo and the tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from chassis.reference import SEEN_S, Reference
from cli.errands import errand
from cli.errors import CliError
from cli.runtime import Suite
from contracts.catalogue import DIRECTORY
from contracts.directory import Actor, School
from contracts.permissions import LOADER

_WINDOW = 500
_TIMEOUT_S = 10
_PURGE = {"KV-Operation": "PURGE", "Nats-Rollup": "sub"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. `stale` entries are in the bucket but not in what was loaded; `removed` ones went."""

    written: int
    unchanged: int
    stale: int
    removed: int


@asynccontextmanager
async def in_bucket(suite: Suite) -> AsyncIterator[JetStreamContext]:
    """Connected as who may write the directory. Raises CliError when NATS is away, or was not provisioned."""
    try:
        async with errand(suite, LOADER) as client:
            yield client.jetstream(timeout=_TIMEOUT_S)
    except NotFoundError:
        raise CliError("the directory's bucket is missing", "run `perseverance provision`") from None


async def load_directory(
    js: JetStreamContext,
    schools: Iterable[School],
    actors: Iterable[Actor],
    *,
    replace: bool = False,
    progress: Progress = lambda done, total: None,
) -> Loaded:
    """Make the bucket say this. Loading the same again writes nothing; `replace` removes what is not in it."""
    wanted = {f"school.{school.uai}": school.model_dump_json(exclude_none=True).encode() for school in schools}
    wanted |= {f"actor.{actor.id}": actor.model_dump_json(exclude_none=True).encode() for actor in actors}
    present = await _present(js)
    changed = [key for key, value in wanted.items() if present.get(key) != value]
    stale = sorted(present.keys() - wanted.keys())
    gone = stale if replace else []
    await _publish(js, [*((k, wanted[k], None) for k in changed), *((k, b"", _PURGE) for k in gone)], progress)
    return Loaded(len(changed), len(wanted) - len(changed), len(stale), len(gone))


async def until_known(done: Loaded) -> bool:
    """Return once the services at work have read what was changed; whether anything was."""
    changed = bool(done.written or done.removed)
    if changed:
        await asyncio.sleep(SEEN_S)
    return changed


async def read_directory(js: JetStreamContext) -> tuple[list[School], list[Actor]]:
    """All schools and people in charge, in the order of their ids. Unreadable entries are left out."""
    bucket: Reference[School | Actor] = Reference(DIRECTORY.name, _decode)
    await bucket.refresh(js)
    entries = [entry for _, entry in sorted(bucket.snapshot().items())]
    return [e for e in entries if isinstance(e, School)], [e for e in entries if isinstance(e, Actor)]


def _decode(key: str, data: bytes) -> School | Actor:
    return (School if key.startswith("school.") else Actor).model_validate_json(data)


async def _present(js: JetStreamContext) -> Mapping[str, bytes]:
    bucket: Reference[bytes] = Reference(DIRECTORY.name, lambda _, data: data)
    await bucket.refresh(js)
    return bucket.snapshot()


async def _publish(
    js: JetStreamContext, messages: list[tuple[str, bytes, dict[str, str] | None]], progress: Progress
) -> None:
    for start in range(0, len(messages), _WINDOW):
        window = messages[start : start + _WINDOW]
        acks = [
            await js.publish_async(f"$KV.{DIRECTORY.name}.{key}", value, headers=headers)
            for key, value, headers in window
        ]
        await asyncio.wait_for(asyncio.gather(*acks), _TIMEOUT_S)
        progress(start + len(window), len(messages))
