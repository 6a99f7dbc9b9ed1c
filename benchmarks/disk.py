"""How long the disk keeps a writer waiting while something else is measured beside it."""

import os
import time
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

_EVERY_S = 0.02
_PLACE = b"x" * 8192


class Disk:
    """Writes a few bytes in their place and waits for the disk, again and again, from `with` to its end.

    `waits`: each of these waits, in milliseconds. The record of a service waits for the disk in the same way: what is
    slow because the disk stood still was not made slow by us.
    """

    def __init__(self, directory: Path) -> None:
        self.waits: list[float] = []
        self._path = directory / "disk-probe"
        self._over = Event()
        self._writer = Thread(target=self._write, daemon=True)

    @property
    def worst(self) -> float:
        """The longest wait, in milliseconds."""
        return round(max(self.waits, default=0.0), 1)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._writer.join()
        self._path.unlink()

    def _write(self) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(file, _PLACE)
        os.fsync(file)
        while not self._over.wait(_EVERY_S):
            os.pwrite(file, _PLACE, 0)
            began = time.monotonic()
            os.fdatasync(file)
            self.waits.append((time.monotonic() - began) * 1000)
        os.close(file)
