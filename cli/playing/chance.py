"""Luck that is the same each time the same year is played."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def chance(*about: object) -> float:
    """From 0 to 1, evenly; the same for the same things. Ids differ from one run to the next, a seed and INE do not."""
    text = "/".join(str(thing) for thing in about)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def pick(options: Sequence[T], luck: float) -> T:
    """The option at this place, from 0 to 1, among them."""
    return options[int(luck * len(options))]
