"""Pages from templates: escaped by default, the same words and formats everywhere."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.identifiers import file_number
from services.projections.web import words, words_parcours

HERE = Path(__file__).parent.parent
STATIC = HERE / "static"


class Views:
    """Renders templates. `theme` is a directory whose own `templates/` come first."""

    def __init__(self, theme: Path | None = None) -> None:
        folders = [HERE / "templates"]
        if theme is not None:
            folders.insert(0, theme / "templates")
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "day": words.day,
            "instant": words.instant,
            "month": words.month,
            "figure": words.figure,
            "typeset": words.typeset,
            "full_name": words.full_name,
            "period": words.period,
            "act": words.act,
            "version": words.version,
            "lower_first": words.lower_first,
            "file_number": file_number,
        }
        self._environment.globals |= {
            "words": words,
            "fr": words_parcours,
            "count": words.count,
            "link": link,
            "place": place,
            "asset": _asset,
        }

    def render(self, template: str, **context: Any) -> str:
        """The page, with what every page may ask for unless given. `fresh_at` is None where nothing was received."""
        page: dict[str, Any] = {"visitor": None, "demo": False, "fresh_at": "", "here": "", **context}
        return self._environment.get_template(template).render(page)


def link(path: str, parameters: Mapping[str, object] | None = None, **changes: object) -> str:
    """`path` with these parameters; those that are None or empty are left out."""
    merged = {**(parameters or {}), **changes}
    kept = {name: value for name, value in merged.items() if value not in (None, "", [], ())}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


def place(path: str, parameters: Mapping[str, object]) -> str:
    """An id for a link of a page that has one to each list: whoever is on it finds it again in the next version."""
    return "-".join(("vers", path.strip("/"), *(f"{name}-{value}" for name, value in parameters.items())))


_versions: dict[str, str] = {}


def _asset(name: str) -> str:
    """The address of a static file; it changes when the file does, so that browsers may keep it."""
    if name not in _versions:
        _versions[name] = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={_versions[name]}"
