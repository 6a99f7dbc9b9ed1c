"""What a complaint is: its verdict, and what is wrong."""

from collections.abc import Iterator

LOST, DOUBLED, INVERTED, EARLY = "lost", "doubled", "inverted", "early"
QUARANTINE, HTTP = "unexplained quarantine", "HTTP errors"
VERDICTS = (LOST, DOUBLED, INVERTED, EARLY, QUARANTINE, HTTP)

Complaints = Iterator[tuple[str, str]]
