"""A task that is told to stop does stop."""

import asyncio


def heed_cancel() -> None:
    """Raise CancelledError when this task was cancelled and nobody let it know.

    Until Python 3.12, `asyncio.wait_for` forgets a cancellation that comes together with what it waited for, and the
    NATS client waits in no other way: a loop would go on for ever, and keep its leases.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
