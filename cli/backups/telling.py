"""What people see while a backup is taken or put back: what it is at, and for how long."""

from collections.abc import Iterator
from contextlib import contextmanager

from cli.backups.taking import Tell
from cli.output import console

_WIDTH = 60


@contextmanager
def telling(what: str) -> Iterator[Tell]:
    """A line that says what is being done; nothing where nobody looks."""
    if not console().is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console(), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda at: progress.update(task, description=f"{what}: {at[:_WIDTH]}")
