"""A mail relay that takes nothing from whoever does not sign in."""

import asyncio
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from services.notifications.catcher import Catcher, Keeper


class GuardedRelay(Catcher):
    """Keeps what it is sent by `USER` with the password it knows at that moment."""

    USER = "perseverance"

    def __init__(self, directory: Path, password: str) -> None:
        super().__init__(directory, 0)
        self.password = password
        self.refused = 0
        self._open: list[SMTP] = []

    async def start(self) -> None:
        """Listen."""
        self.mailbox.directory.mkdir(parents=True, exist_ok=True)
        keeper = Keeper(self.mailbox)

        def serve() -> SMTP:
            options: dict[str, Any] = {"auth_required": True, "auth_require_tls": False}
            self._open.append(SMTP(keeper, hostname="localhost", authenticator=self._knows, **options))
            return self._open[-1]

        self._server = await asyncio.get_running_loop().create_server(serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def now_knows(self, password: str) -> None:
        """Another password from now on; whoever is signed in with the former one is sent away."""
        self.password = password
        for each in self._open:
            if each.transport is not None:
                each.transport.abort()
        self._open.clear()

    def _knows(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        known = (given.login, given.password) == (self.USER.encode(), self.password.encode())
        self.refused += not known
        return AuthResult(success=known, handled=False)
