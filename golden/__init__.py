"""What each release wrote, frozen: events in the stores, messages, commands, rows. The tests read it for ever.

`make golden VERSION=x` freezes the present version, and refuses to touch one that is there.
"""

from pathlib import Path

HERE = Path(__file__).parent


def releases() -> list[str]:
    """Every release that was frozen, oldest first."""
    return sorted(
        (path.name for path in HERE.iterdir() if (path / "messages.jsonl").exists()),
        key=lambda version: [int(part) for part in version.split(".")],
    )
