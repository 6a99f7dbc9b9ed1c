"""Processes left over by a supervisor that was killed: found again by id *and* birth time, then ended."""

import contextlib
import json
import threading
from collections.abc import Collection
from pathlib import Path

import psutil

PIDS_FILE = "pids.json"
_SAME_BIRTH_S = 1.0
_PATIENCE_S = 5


class Pids:
    """The processes this supervisor started, on disk, so that the next one can find them."""

    def __init__(self, data: Path) -> None:
        self._path = data / PIDS_FILE
        self._known: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def record(self, name: str, pid: int) -> None:
        """Remember that `name` runs as `pid`."""
        with contextlib.suppress(psutil.NoSuchProcess), self._lock:  # both servers start at once, in threads
            self._known[name] = (pid, psutil.Process(pid).create_time())
            self._write()

    def clear(self) -> None:
        """Everything ended as it should."""
        self._known.clear()
        self._path.unlink(missing_ok=True)

    def end_leftovers(self, spare: Collection[str] = ()) -> list[str]:
        """End what a former supervisor left running, but for `spare`; return the names of what was found."""
        found = {}
        for name, (pid, born) in self._read().items():
            process = _same(pid, born)
            if process and name not in spare:
                found[name] = process
        for process in found.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _, stubborn = psutil.wait_procs(list(found.values()), timeout=_PATIENCE_S)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=_PATIENCE_S)
        self._path.unlink(missing_ok=True)
        return list(found)

    def _read(self) -> dict[str, tuple[int, float]]:
        try:
            written = json.loads(self._path.read_text())
            return {str(name): (int(pid), float(born)) for name, (pid, born) in written.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self._known))
        new.replace(self._path)


def _same(pid: int, born: float) -> psutil.Process | None:
    """The process `pid` if it is still the one born at `born`: ids are used again."""
    try:
        process = psutil.Process(pid)
        alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return process if alive and abs(process.create_time() - born) < _SAME_BIRTH_S else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
