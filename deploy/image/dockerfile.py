"""Reads a Dockerfile: as much of the language as ours uses, and a refusal of everything else."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_KNOWN = frozenset(["FROM", "WORKDIR", "ENV", "ARG", "LABEL", "COPY", "RUN", "USER", "EXPOSE", "CMD"])
_FROM = re.compile(r"(?P<image>\S+@sha256:[0-9a-f]{64})(?: AS (?P<name>\w+))?")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class UnknownStep(Exception):
    """The Dockerfile says something this reader does not know: teach it here, or say it otherwise there."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: its word, and the rest of its line."""

    word: str
    text: str


@dataclass(slots=True)
class Stage:
    """What follows a FROM."""

    image: str
    name: str
    steps: list[Step] = field(default_factory=list)


def stages(path: Path) -> list[Stage]:
    """The stages of a Dockerfile. Raises UnknownStep, also for a base that is not pinned by its digest."""
    found: list[Stage] = []
    for line in _lines(path.read_text()):
        word, _, text = line.partition(" ")
        if word not in _KNOWN or (not found and word != "FROM"):
            raise UnknownStep(line)
        if word != "FROM":
            found[-1].steps.append(Step(word, text.strip()))
            continue
        base = _FROM.fullmatch(text)
        if base is None:
            raise UnknownStep(f"{line}: a base is named with its digest")
        found.append(Stage(base["image"], base["name"] or ""))
    return found


def pairs(text: str, arguments: Mapping[str, str]) -> dict[str, str]:
    """What an ENV or LABEL sets, `${...}` replaced from the arguments."""
    return {
        name: _VARIABLE.sub(lambda found: arguments[found[1]], value)
        for name, _, value in (word.partition("=") for word in shlex.split(text))
    }


def command(text: str) -> list[str]:
    """A CMD in its exec form: with the shell form, the signal to stop would go to the shell."""
    words = json.loads(text)
    if not isinstance(words, list):
        raise UnknownStep(f"CMD {text}")
    return [str(word) for word in words]


def _lines(text: str) -> Iterator[str]:
    kept = "\n".join(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    yield from re.sub(r"\\\n\s*", "", kept).splitlines()
