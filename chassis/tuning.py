"""How a Python process is set up to move messages by the hundred thousand, for weeks."""

import asyncio
import ctypes
import gc
import sys

_TIDY_EVERY_S = 60.0


def tune() -> None:
    """Set the collector and the switching of threads for this process."""
    # Batches allocate by the hundred thousand and keep much of it: the default thresholds would have the
    # collector walk through all of that many times a second, to find no cycle. Now and then through what is new;
    # what stayed is for `keep_tidy`.
    gc.set_threshold(50_000, 50, 100)
    # One thread takes messages in while another waits for the database; at the default 5 ms each answer of the
    # database would wait that long for its turn.
    sys.setswitchinterval(0.0005)


async def keep_tidy() -> None:
    """Give back, every minute, what nobody uses any more; until cancelled.

    Two things stay otherwise. An exception of the database's driver holds itself in a circle, and with it the
    connection that was lost and its buffers: those are too few to bring the collector. And the C library keeps what
    large batches were made of, in pieces between others still in use.
    """
    gc.collect()
    gc.freeze()  # what the program itself is made of stays: no need to walk through it each time
    while True:
        await asyncio.sleep(_TIDY_EVERY_S)
        gc.collect()
        await asyncio.to_thread(_trim)


def _trim() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # the GNU C library's own
    if trim is not None:
        trim(0)
