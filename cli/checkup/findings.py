"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is: `note` is worth knowing, `wrong` needs someone."""

    ok = "ok"
    note = "note"
    wrong = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, how it is, and what to do about it if it is not well."""

    check: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def ok(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check, Verdict.ok, detail)


def note(check: str, detail: str, remedy: str = "") -> Finding:
    """Worth knowing."""
    return Finding(check, Verdict.note, detail, remedy)


def wrong(check: str, detail: str, remedy: str) -> Finding:
    """Someone must act."""
    return Finding(check, Verdict.wrong, detail, remedy)
