"""The secrets of whatever we sign or seal: sessions, tokens, forms, cursors, searches. Replaced without a restart."""

import time
from collections.abc import Callable

from chassis.logs import Log

log = Log("secrets")

_LOOK_S = 2.0


class Secrets:
    """What `read` gives: the first signs, every one verifies. May be used from any thread.

    It is read again when used, every other second at most. When it raises ValueError, what was read before stays good:
    nobody is signed out because a file is being written. Raises the same when there is nothing before.
    """

    def __init__(
        self, read: Callable[[], tuple[bytes, ...]], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._monotonic = monotonic
        self._known = read()
        self._looked = monotonic()
        self._unread = False

    def all(self) -> tuple[bytes, ...]:
        """Every secret that verifies, at least one; the one that signs comes first."""
        now = self._monotonic()
        if now - self._looked >= _LOOK_S:
            self._looked = now
            self._look()
        return self._known

    def signing(self) -> bytes:
        """The secret that signs."""
        return self.all()[0]

    def _look(self) -> None:
        try:
            found = self._read()
        except ValueError as error:
            if not self._unread:
                log.error("secrets.unread", what=f"{error}. Until then the former ones stay good.")
            self._unread = True
            return
        if found != self._known:
            log.info("secrets.changed", good=len(found))
        self._known, self._unread = found, False
