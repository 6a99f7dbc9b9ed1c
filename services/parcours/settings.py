"""Settings of the parcours service, from the environment (`PERSEVERANCE_...`)."""

from pathlib import Path

from chassis.settings import Settings
from services.parcours.rules import FILE


class ParcoursSettings(Settings):
    """Where the regulation is read: an académie may set its own parameters in a file of the same form."""

    rules_file: Path = FILE
