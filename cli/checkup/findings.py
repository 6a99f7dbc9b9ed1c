"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is: `warn` is to be looked at, `fail` needs someone now."""

    ok = "ok"
    warn = "warn"
    fail = "fail"


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


def warn(check: str, detail: str, remedy: str) -> Finding:
    """To be looked at."""
    return Finding(check, Verdict.warn, detail, remedy)


def fail(check: str, detail: str, remedy: str) -> Finding:
    """Someone must act."""
    return Finding(check, Verdict.fail, detail, remedy)
