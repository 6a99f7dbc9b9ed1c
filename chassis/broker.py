"""FastStream's broker on a connection of ours: the same key, and the same end when a subject is refused."""

from types import TracebackType

from faststream.nats import NatsBroker
from nats.aio.client import Client

from chassis.nats import Nats


class CommandBroker(NatsBroker):
    """Carries requests and replies over `nats`; a stop waits `graceful_timeout` seconds for answers in hand."""

    def __init__(self, nats: Nats, graceful_timeout: float) -> None:
        super().__init__(nats.url, graceful_timeout=graceful_timeout, logger=None)
        self._nats = nats

    async def _connect(self) -> Client:
        await self._nats.connect()
        self.config.connect(self._nats.client)
        return self._nats.client

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """Answer what is in hand, then close."""
        self._nats.closing()
        await super().stop(exc_type, exc_val, exc_tb)
