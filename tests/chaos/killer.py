"""SIGKILL for whoever is drawn. Victims are found by the ids that `perseverance up` writes down."""

import asyncio
import contextlib
import json
import random
from collections import Counter
from pathlib import Path

import psutil

from tests.chaos.pace import Pace

VICTIMS = ("intake", "alerts", "parcours", "notifications", "projections", "nats", "postgres")
BETWEEN_KILLS_S = (0.1, 1.5)
_SAME_BIRTH_S = 1.0


class Killer:
    """Kills `kills` times, at moments and among victims drawn from `seed`; those killed least are drawn most."""

    def __init__(self, data: Path, kills: int, seed: int, pace: Pace) -> None:
        self._data = data
        self._kills = kills
        self._rng = random.Random(f"kills-{seed}")
        self._pace = pace
        self.killed: Counter[str] = Counter()

    async def run(self) -> None:
        """Kill until enough have been."""
        try:
            while self.killed.total() < self._kills:
                await asyncio.sleep(self._rng.uniform(*BETWEEN_KILLS_S))
                alive = self._alive()
                if alive:
                    names = sorted(alive)
                    weights = [1 / (1 + self.killed[name]) ** 2 for name in names]
                    (name,) = self._rng.choices(names, weights)
                    with contextlib.suppress(psutil.NoSuchProcess):
                        alive[name].kill()
                        self.killed[name] += 1
                await self._pace.advance("kills", self.killed.total() / self._kills)
        finally:
            self._pace.finish("kills")

    def _alive(self) -> dict[str, psutil.Process]:
        try:
            written = json.loads((self._data / "pids.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        found = {}
        for name, (pid, born) in written.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                same = abs(process.create_time() - born) < _SAME_BIRTH_S
                if name in VICTIMS and same and process.status() != psutil.STATUS_ZOMBIE:
                    found[name] = process
        return found
