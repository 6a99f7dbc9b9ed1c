"""How a Python process is set up to move messages by the hundred thousand."""

import gc
import sys


def tune() -> None:
    """Set the collector and the switching of threads for this process."""
    # Batches allocate by the hundred thousand and keep much of it: the default thresholds would have the
    # collector walk through all of that many times a second, to find no cycle. Now and then through what is new;
    # rarely through what stayed.
    gc.set_threshold(50_000, 50, 100)
    # One thread takes messages in while another waits for the database; at the default 5 ms each answer of the
    # database would wait that long for its turn.
    sys.setswitchinterval(0.0005)
