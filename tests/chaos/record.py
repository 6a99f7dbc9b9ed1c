"""Every attempt, written outside of the system as it is made: one JSON line each, with its time and its verdict."""

import json
import threading
import time
from pathlib import Path
from typing import Any


class Record:
    """`attempts.jsonl` of a run. Holds ids and statuses; of acts on parcours what was asked too, of absences never."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def add(self, what: str, **said: Any) -> None:
        """Write one attempt, or one fault that was struck."""
        line = json.dumps({"at": round(time.time(), 3), "what": what, **said})
        with self._lock:
            self._file.write(line + "\n")

    def lines(self, what: str) -> list[dict[str, Any]]:
        """Everything of one kind so far."""
        self._file.flush()
        found = (json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines())
        return [line for line in found if line["what"] == what]

    def close(self) -> None:
        """Nothing more to write."""
        self._file.close()
