"""Whether the value in which a file stops, without a line end, may be the beginning of another.

Many tools end no last line, so a value is taken for whole unless what is lost would change what the row says.
"""

import re

from services.intake.motifs import may_become_known

_CLOCK = re.compile(r"[0-9][:hH][0-9]")
_DIGITS = re.compile(r"[0-9]+")


def may_be_cut(column: str, text: str, above: str) -> bool:
    """Whether `text`, the last of the file, may lack its end. `above`: what the line above has in that column."""
    if column == "maj":
        return _moment_may_be_cut(text, above)
    if column == "motif":
        return may_become_known(text)
    # What is left empty says no, or pupil.
    return column in ("justifiee", "statut") and not text and above != ""


def _moment_may_be_cut(text: str, above: str) -> bool:
    """A day without its time, where no line says that days are all there is; or seconds, or an offset, that went."""
    if _CLOCK.search(text) is None and (not above or _CLOCK.search(above)):
        return True
    shape, whole = _DIGITS.sub("0", text), _DIGITS.sub("0", above)
    return len(shape) < len(whole) and whole.startswith(shape)
