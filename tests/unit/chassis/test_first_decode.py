"""Several threads that read an event type for the first time, at the same moment."""

import subprocess
import sys

_AT_ONCE = """
import sys, threading
import msgspec
from chassis.events import Event, decode, encode, stored_as

sys.setswitchinterval(1e-6)
for number in range(300):
    class Part(msgspec.Struct, frozen=True):
        a: int
        b: dict[str, int]

    @stored_as(f"first-decode.{number}")
    class Happened(Event, frozen=True):
        __qualname__ = f"Happened{number}"
        part: Part
        other: Part | None = None

    stored = b'{"at":"2025-10-06T08:00:00Z","part":{"a":1,"b":{"c":2}},"other":{"a":1,"b":{}}}'
    together = threading.Barrier(4)

    def read():
        together.wait()
        decode(Happened.TOPIC, stored)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_read_an_event_type_for_the_first_time_together_do_not_end_the_process() -> None:
    """msgspec shows what it knows of a class before it knows all of it, to a thread that then crashes."""
    assert subprocess.run([sys.executable, "-c", _AT_ONCE], check=False).returncode == 0
