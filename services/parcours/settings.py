"""Settings of the parcours service, from the environment (`PERSEVERANCE_...`)."""

from pydantic import FilePath, field_validator

from chassis.settings import Settings
from services.parcours.rules import FILE, load


class ParcoursSettings(Settings):
    """Where the regulation on parcours is read."""

    rules_file: FilePath = FILE
    """The regulation and the parameters of the académie, in a file of the form of `services/parcours/rules.toml`."""

    @field_validator("rules_file")
    @classmethod
    def _holds_rules(cls, path: FilePath) -> FilePath:
        try:
            load(path)
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ValueError(f"the file does not hold rules of this form ({type(error).__name__})") from None
        return path
