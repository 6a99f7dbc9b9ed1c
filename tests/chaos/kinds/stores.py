"""What is kept, lost or set back: JetStream's files deleted under it, and a database restored to an earlier moment."""

import asyncio
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx

from chassis.nats import connect_once
from contracts.catalogue import STREAMS
from tests.chaos.house import House
from tests.chaos.kinds.base import AWAY, Kind, Size
from tests.chaos.suite import load_directory
from tests.real.eventually import eventually


@dataclass
class Wiped(Kind):
    """The streams grow back from the stores; what was on INTAKE and not read yet is sent again by who sent it."""

    NAME: ClassVar[str] = "wiped"
    WHAT: ClassVar[str] = "JetStream's files deleted while it runs; provisioned, grown back from the event stores"
    SHORT: ClassVar[Size] = Size(1, 2_000)
    LONG: ClassVar[Size] = Size(10, 20_000)

    allowed: frozenset[int] = AWAY | {403}  # until the directory is loaded again nobody is known
    between_s: tuple[float, float] = (4.0, 6.0)
    resend: bool = True
    rebuilt: bool = True
    quiet_s: float = 120.0

    async def strike(self, house: House) -> str:
        """Delete, kill, start, provision, and load the directory, which has no other store."""
        assert house.nats is not None
        await asyncio.to_thread(shutil.rmtree, house.nats.directory / "store", ignore_errors=True)
        await asyncio.to_thread(house.nats.kill)
        await asyncio.to_thread(shutil.rmtree, house.nats.directory / "store", ignore_errors=True)
        await asyncio.to_thread(house.nats.start)
        await asyncio.to_thread(house.command, "provision")
        await asyncio.to_thread(load_directory, house.suite, house.environment)
        return "JetStream's files"


@dataclass
class Restored(Kind):
    """A backup, more work, then the backup instead of the database: the streams know more than the record does."""

    NAME: ClassVar[str] = "restored"
    WHAT: ClassVar[str] = "PostgreSQL restored to an earlier moment while the streams went on"
    SHORT: ClassVar[Size] = Size(2, 2_000)
    LONG: ClassVar[Size] = Size(2, 20_000)

    between_s: tuple[float, float] = (4.0, 6.0)
    resend: bool = True
    rebuilt: bool = True
    forgotten: bool = True
    quiet_s: float = 120.0

    def __post_init__(self) -> None:
        """Ids that were published before the disaster are published again: no reason to wait two minutes for it."""
        self.environment = {"PERSEVERANCE_DUPLICATE_WINDOW_S": "2"}

    async def strike(self, house: House) -> str:
        """The backup first, the disaster second."""
        if self.struck.total() == 0:
            await asyncio.to_thread(self._back_up, house)
            return "backup"
        await asyncio.to_thread(house.down)
        await asyncio.to_thread(self._restore, house)
        before = await _ends(house)
        coming_up = asyncio.create_task(asyncio.to_thread(house.start))
        await self._is_refused(house)
        await self._is_verified(house)
        if await _ends(house) != before:
            self.wrong.append("something was published although the streams are ahead of their logs")
        said = await asyncio.to_thread(house.command, "streams", "rewind", "--json")
        self.notes += [f"{each['stream']}: {each['taken_out']} messages taken out" for each in json.loads(said)]
        try:
            await coming_up
        except RuntimeError:  # it waits two minutes to become ready, no longer
            await asyncio.to_thread(house.start)
        # Projections keep no stream, so nothing stopped them from reading what is now taken out.
        await asyncio.to_thread(house.command, "rebuild")
        return "restored"

    def _back_up(self, house: House) -> None:
        assert house.postgres is not None
        house.postgres.stop()
        _copy(house.postgres.directory, house.data / "backup")
        house.postgres.start()

    def _restore(self, house: House) -> None:
        assert house.postgres is not None
        house.postgres.stop()
        shutil.rmtree(house.postgres.directory)
        _copy(house.data / "backup", house.postgres.directory)
        house.postgres.start()

    async def _is_refused(self, house: House) -> None:
        """The services come up, are not ready, and say why."""
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

            async def said() -> bool:
                try:
                    return "is ahead of its log" in (await client.get(f"{house.suite.url}/ready")).text
                except httpx.TransportError:
                    return False

            try:
                await eventually(said)
            except AssertionError:
                self.wrong.append("no service says that its stream is ahead of its log")

    async def _is_verified(self, house: House) -> None:
        try:
            await asyncio.to_thread(house.command, "streams", "verify")
        except subprocess.CalledProcessError:
            return
        self.wrong.append("`perseverance streams verify` finds nothing wrong")


def _copy(source: Path, target: Path) -> None:
    """With its owner: started by root, PostgreSQL runs as somebody else."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


async def _ends(house: House) -> dict[str, int]:
    client = await connect_once(house.nats_url, "chaos", credentials=house.operations)
    js = client.jetstream()
    ends = {spec.name: int((await js.stream_info(spec.name)).state.last_seq) for spec in STREAMS if spec.fenced}
    await client.close()
    return ends
