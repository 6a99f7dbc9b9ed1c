"""The replicas of one service, and whom to ask next: those that are ready, in turn."""

import asyncio
from collections.abc import Sequence

import httpx

_LOOK_EVERY_S = 0.4
_LOOK_LIMIT_S = 3.0


class Replicas:
    """Addresses of one service. One that is not ready is asked last: what it says is better than nothing."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = list(addresses)
        self._away: set[str] = set()
        self._turn = 0

    def in_turn(self) -> list[str]:
        """Every address, the one to ask first first."""
        self._turn += 1
        start = self._turn % len(self._addresses)
        turned = self._addresses[start:] + self._addresses[:start]
        return sorted(turned, key=lambda address: address in self._away)

    def failed(self, address: str) -> None:
        """Nobody listens there: not first until it says that it is ready."""
        if len(self._addresses) > 1:
            self._away.add(address)

    async def watch(self, client: httpx.AsyncClient) -> None:
        """Ask each whether it is ready, for ever. One that is alone is asked for everything, ready or not."""
        if len(self._addresses) > 1:
            await asyncio.gather(*(self._watch(client, address) for address in self._addresses))

    async def _watch(self, client: httpx.AsyncClient, address: str) -> None:
        while True:
            if await _ready(client, address):
                self._away.discard(address)
            else:
                self._away.add(address)
            await asyncio.sleep(_LOOK_EVERY_S)


async def _ready(client: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(f"{address}/ready", timeout=_LOOK_LIMIT_S)).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
