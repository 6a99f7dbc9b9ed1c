"""Commands a second by 1, 2, 4 replicas of a service that waits in each; NATS gives each command to one of them."""

import asyncio
import time
from uuid import uuid4

from nats.aio.client import Client

from benchmarks.contenders import provision
from benchmarks.engines import Engines
from benchmarks.feed import connect
from benchmarks.race import WrongResult
from benchmarks.scaling.replicas import Replicas
from benchmarks.scaling.throughput import Speed
from benchmarks.workload import uai_of
from contracts.commands import CommandReply
from contracts.parcours import Scheme
from contracts.parcours_commands import ProposeParcours

WAIT_MS = "50"
PEOPLE = 32
_MODULE = "benchmarks.scaling.slowed_commands"
_BEGIN_S = 2.0
_ANSWER_S = 30.0


def speed(engines: Engines, replicas: int, seconds: float) -> Speed:
    """Of proposals, by people who each wait for an answer before they ask again. Raises WrongResult."""
    database_url = provision(engines, f"commanded_{replicas}")
    with Replicas(engines, database_url, "parcours", _MODULE, {"BEFORE_MS": WAIT_MS}) as several:
        several.to(replicas)
        several.until(several.ready)
        time.sleep(1)
        people = _People()
        lasted, done = asyncio.run(people.ask(engines.nats_url, seconds))
        row = several.connection.execute(
            "SELECT count(*), count(DISTINCT originator_id) FROM stored_events WHERE topic LIKE 'parcours.Proposed.%'"
        ).fetchone()
        if row != (people.done, people.done):
            raise WrongResult(f"{people.done} proposals were answered to be done; events, and of how many: {row}")
        return Speed(replicas, [], done, lasted)


class _People:
    def __init__(self) -> None:
        self.done = 0
        self._over = False

    async def ask(self, nats_url: str, seconds: float) -> tuple[float, int]:
        """For how many seconds answers were counted, and how many came."""
        client = await connect(nats_url)
        async with asyncio.TaskGroup() as group:
            for _ in range(PEOPLE):
                group.create_task(self._propose(client))
            await asyncio.sleep(_BEGIN_S)  # everybody waits for an answer now
            began, before = time.perf_counter(), self.done
            await asyncio.sleep(seconds)
            lasted, done = time.perf_counter() - began, self.done - before
            self._over = True
        await client.close()
        return lasted, done

    async def _propose(self, client: Client) -> None:
        while not self._over:
            command = ProposeParcours(
                command_id=uuid4(),
                actor_id="mlds-0",
                parcours_id=uuid4(),
                student_id=uuid4(),
                uai=uai_of(0),
                scheme=Scheme.TDO,
            )
            answer = await client.request(command.SUBJECT, command.to_json(), timeout=_ANSWER_S)
            reply = CommandReply.model_validate_json(answer.data)
            if reply.outcome != "done":
                raise WrongResult(f"a proposal was {reply.outcome}: {reply.code}")
            self.done += 1
