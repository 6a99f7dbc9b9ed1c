"""The schools of the directory, as the doors need them."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from contracts.directory import School

_PREFIX = "school."


class DirectoryAwayError(TimeoutError):
    """The directory cannot be read now: whether a school exists is not known. Try again."""


class DirectoryEmptyError(DirectoryAwayError):
    """No school at all is known: that this one is not says nothing of it. Try again once the directory is loaded."""


class Values(Protocol):
    """The present values of the bucket DIRECTORY."""

    @property
    def loaded(self) -> bool:
        """Whether it was read once."""
        ...

    def get(self, key: str) -> School | None:
        """The school under a key."""
        ...

    def values(self) -> Collection[School | None]:
        """What is under each key."""
        ...


def decode(key: str, data: bytes) -> School | None:
    """A value of the bucket: a school, or None for what is of no use here."""
    return School.model_validate_json(data) if key.startswith(_PREFIX) else None


def any_school(values: Values) -> bool:
    """Whether a school is known."""
    return any(school is not None for school in values.values())


class Directory:
    """Schools by UAI. One that is not known may have been added a moment ago: then `refresh` is called once."""

    def __init__(self, values: Values, refresh: Callable[[], None] = lambda: None) -> None:
        self._values = values
        self._refresh = refresh

    def find(self, uais: Collection[str]) -> Mapping[str, School]:
        """Those of these schools that exist. Raises DirectoryAwayError when that cannot be known.

        Of a directory that was never loaded nothing can be known: a refusal is for good, and would lose what was sent.
        """
        if not self._values.loaded:
            self._refresh()
        found = self._known(uais)
        if len(found) < len(uais):
            self._refresh()
            found = self._known(uais)
        if not self._values.loaded:
            raise DirectoryAwayError
        if uais and not found and not any_school(self._values):
            raise DirectoryEmptyError
        return found

    def _known(self, uais: Collection[str]) -> dict[str, School]:
        schools = ((uai, self._values.get(_PREFIX + uai)) for uai in uais)
        return {uai: school for uai, school in schools if school is not None}
