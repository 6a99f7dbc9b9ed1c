"""Invented schools."""

from contracts.identifiers import UAI_LETTERS


def uai(number: int) -> str:
    """A UAI with its check letter: `uai(310001)` is in the department 31."""
    digits = f"{number:06d}".rjust(7, "0")
    return digits + UAI_LETTERS[int(digits) % 23]
