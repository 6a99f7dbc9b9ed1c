"""The source of the next version, made from the present one: what a release may change, and no more.

Its alerts have one more column, its alerts messages one more field; the version after it takes away a table.
"""

import shutil
from pathlib import Path

PRESENT = Path(__file__).parents[3]
_PARTS = ("contracts", "chassis", "services", "cli")
_REVISION = '''"""{what}"""

from chassis.migrate import run

revision = "alerts_{number}"
down_revision = {before}
branch_labels = {labels}


def upgrade():
    run("""{statements}""")
'''


def next_version(directory: Path) -> Path:
    """One version on: it adds."""
    for part in _PARTS:
        shutil.copytree(PRESENT / part, directory / part, ignore=shutil.ignore_patterns("__pycache__"))
    alerts = directory / "services" / "alerts"
    (alerts / "migrations").mkdir()
    _revise(alerts, "0001", "expand", "ALTER TABLE stored_events ADD COLUMN stored_at timestamptz DEFAULT now()")
    _replace(alerts / "tables.py", 'Schema("alerts")', 'Schema("alerts", Path(__file__).with_name("migrations"))')
    _replace(alerts / "tables.py", "from chassis", "from pathlib import Path\n\nfrom chassis")
    _replace(alerts / "translation.py", '        "alert_id": event.alert_id,\n        "attendance_id"', _SAYS_MORE)
    return directory


_SAYS_MORE = '        "said_by": "next",\n        "alert_id": event.alert_id,\n        "attendance_id"'


def version_after(present: Path, directory: Path) -> Path:
    """Two versions on: it takes away what neither of the two before it needs."""
    shutil.copytree(present, directory, ignore=shutil.ignore_patterns("__pycache__"))
    _revise(directory / "services" / "alerts", "0002", "contract", "DROP TABLE deadlines")
    return directory


def _revise(service: Path, number: str, kind: str, statements: str) -> None:
    first = number == "0001"
    text = _REVISION.format(
        what=f"A revision of a version to come: {kind}.",
        number=number,
        before=None if first else f'"alerts_{int(number) - 1:04}"',
        labels='("alerts",)' if first else None,
        statements=statements,
    )
    (service / "migrations" / f"{number}_{kind}_to_come.py").write_text(text)


def _replace(file: Path, present: str, later: str) -> None:
    text = file.read_text()
    assert present in text, f"{file.name} has changed: say here how its next version differs"
    file.write_text(text.replace(present, later, 1))
