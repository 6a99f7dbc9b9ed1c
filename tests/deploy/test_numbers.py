"""The table of `docs/operations.md` is what the code gives: every number, with its labels, and no other."""

import re

from tests.deploy.test_watching import OPERATIONS, metrics

_ROW = re.compile(r"^\| `(perseverance_[a-z_]+)` \| (.*?) \| .+ \|$", re.MULTILINE)


def test_the_table_of_numbers_is_what_the_code_gives() -> None:
    written = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in _ROW.findall(OPERATIONS)}
    given = {name: labels for name, labels in metrics().items() if not name.endswith(("_sum", "_count"))}
    assert written == given
