"""Figures in a document: Markdown tables between two markers that name the command they come from."""

from collections.abc import Sequence
from pathlib import Path

SCALE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"


def markers(command: str) -> tuple[str, str]:
    """What stands before and after the figures of `command`."""
    return f"<!-- figures of `{command}` -->", f"<!-- end of `{command}` -->"


def put(document: Path, command: str, text: str) -> None:
    """Replace what stands between the markers of `command`."""
    begin, end = markers(command)
    before, _, rest = document.read_text().partition(begin)
    _, _, after = rest.partition(end)
    document.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; its first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
