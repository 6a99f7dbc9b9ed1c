"""Runs the stages of a Dockerfile, each on a root of its own."""

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.image.dockerfile import Stage, Step, UnknownStep, command, pairs
from deploy.image.root import Root

Say = Callable[[str], None]


@dataclass(slots=True)
class Image:
    """A stage that was run: its files, and what it says of how it is to be started."""

    root: Root
    environment: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)


def build(stages: list[Stage], context: Path, place: Path, say: Say) -> Image:
    """The last stage's image. Raises UnknownStep, and CalledProcessError when a step fails."""
    made: dict[str, Image] = {}
    for number, stage in enumerate(stages):
        _same_python(stage.image)
        image = made[stage.name] = Image(Root(place / str(number)))
        for step in stage.steps:
            say(f"{step.word} {step.text[:100]}")
            _run(step, image, made, context)
    return image


def _same_python(base: str) -> None:
    ours = "python:{}.{}.".format(*sys.version_info)
    if ours not in base:
        raise UnknownStep(f"FROM {base}: this runs on {ours}x")


def _run(step: Step, image: Image, made: dict[str, Image], context: Path) -> None:
    match step.word:
        case "RUN":
            image.root.run(step.text, image.environment, image.directory)
        case "COPY":
            _copy(shlex.split(step.text), image, made, context)
        case "ENV":
            image.environment |= pairs(step.text, image.arguments)
        case "LABEL":
            image.labels |= pairs(step.text, image.arguments)
        case "ARG":
            image.arguments |= pairs(step.text, {})
        case "WORKDIR":
            image.directory = step.text
        case "USER":
            image.user = step.text
        case "CMD":
            image.command = command(step.text)


def _copy(words: list[str], image: Image, made: dict[str, Image], context: Path) -> None:
    source = context
    if words[0].startswith("--from="):
        source = made[words.pop(0).removeprefix("--from=")].root.path
    *names, target = words
    inside = target if target.startswith("/") else f"{image.directory}/{target}"
    image.root.copy([source / name.lstrip("/") for name in names], inside)
