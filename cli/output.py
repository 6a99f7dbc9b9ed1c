"""Where the command line writes: people read stderr, programs read stdout."""

import json
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_FILE_WIDTH = 240


@cache
def console() -> "Console":
    """The console for people, on stderr; NO_COLOR and pipes are honoured."""
    from rich.console import Console

    return Console(
        stderr=True,
        highlight=False,
        no_color=True if "NO_COLOR" in os.environ else None,
        # A file has no width: lines cut at 80 would break what someone searches for in it.
        width=None if sys.stderr.isatty() else _FILE_WIDTH,
    )


def say(text: str, style: str = "") -> None:
    """Tell people something; `text` is written as it is, without markup."""
    console().print(text, style=style or None, markup=False, soft_wrap=True)


def emit(document: Any) -> None:
    """Give programs one JSON document on stdout, in UTF-8 whatever the locale, as JSON is."""
    # The name of a file that is not UTF-8 holds what no text can: a question mark stands for it.
    text = json.dumps(document, ensure_ascii=False, default=str).encode(errors="replace")
    sys.stdout.flush()
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.buffer.flush()
