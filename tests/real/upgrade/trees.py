"""The source of the next version, made from the present one: what a release may change, and no more.

Each service of it has its own way to show who did what: a column that PostgreSQL fills with the name of whoever writes
a row, whichever version that is, and a field in what it says that the present version does not know.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

PRESENT = Path(__file__).parents[3]
_PARTS = ("contracts", "chassis", "services", "cli")
_WRITER = "text DEFAULT current_setting('application_name')"
_REVISION = '''"""A revision of a version to come: {kind}."""

from chassis.migrate import run

revision = "{service}_{number:04}"
down_revision = {before}
branch_labels = {labels}


def upgrade():
    run("""{statements}""")
'''


def next_version(directory: Path, service: str) -> Path:
    """One version on: its `service` has more than the present one."""
    for part in _PARTS:
        shutil.copytree(PRESENT / part, directory / part, ignore=shutil.ignore_patterns("__pycache__"))
    _ADDS[service](directory)
    return directory


def version_after(present: Path, directory: Path) -> Path:
    """Two versions on: alerts takes away what neither of the two versions before it needs."""
    shutil.copytree(present, directory, ignore=shutil.ignore_patterns("__pycache__"))
    _revise(directory, "alerts", "contract", "DROP TABLE deadlines")
    return directory


def _alerts(tree: Path) -> None:
    _stores_by_name(tree, "alerts")
    _say(
        tree,
        "services/alerts/translation.py",
        '        "alert_id": event.alert_id,\n        "attendance_id"',
        '        "said_by": "next",\n        "alert_id": event.alert_id,\n        "attendance_id"',
    )


def _intake(tree: Path) -> None:
    _revise(tree, "intake", "expand", f"ALTER TABLE ledger ADD COLUMN stored_by {_WRITER}")
    _says_more(tree, "school", "half_day: HalfDay\n    justified: bool")


def _parcours(tree: Path) -> None:
    _stores_by_name(tree, "parcours")
    _says_more(tree, "parcours", "parcours_id: UUID\n    student_id: StudentId")


def _notifications(tree: Path) -> None:
    _stores_by_name(tree, "notifications")
    _says_more(tree, "notifications", "mail_id: UUID\n    about_id")
    header = '            "Auto-Submitted": "auto-generated",\n'
    _say(tree, "services/notifications/rendering.py", header, header + '            "X-Written-By": "next",\n')


def _projections(tree: Path) -> None:
    """The journal of e-mails has another form, and what people do is asked for with more."""
    last = "    changed_at    timestamptz NOT NULL,\n    about_id "
    column = last.replace("    about_id", f"    written_by    {_WRITER},\n    about_id")
    _say(tree, "services/projections/read_models.sql", last, column)
    feed = "                mails.write,\n            ),\n        ),\n"
    _say(tree, "services/projections/catalogue.py", feed, feed + "        version=2,\n")
    who = "    actor_id: ActorId\n"
    _say(tree, "contracts/commands.py", who, who + "    asked_at_the_desk_of: str | None = None\n")


_ADDS: Mapping[str, Callable[[Path], None]] = {
    "alerts": _alerts,
    "intake": _intake,
    "parcours": _parcours,
    "notifications": _notifications,
    "projections": _projections,
}


def _stores_by_name(tree: Path, service: str) -> None:
    _revise(tree, service, "expand", f"ALTER TABLE stored_events ADD COLUMN stored_by {_WRITER}")


def _says_more(tree: Path, contract: str, before: str) -> None:
    _say(tree, f"contracts/{contract}.py", f"    {before}", f'    said_by: str = "next"\n    {before}')


def _revise(tree: Path, service: str, kind: str, statements: str) -> None:
    revisions = tree / "services" / service / "migrations"
    if not revisions.exists():
        revisions.mkdir()
        tables = f"services/{service}/tables.py"
        _say(tree, tables, f'Schema("{service}")', f'Schema("{service}", Path(__file__).with_name("migrations"))')
        _say(tree, tables, "from chassis", "from pathlib import Path\n\nfrom chassis")
    last = max((int(path.name[:4]) for path in revisions.glob("[0-9]*.py")), default=0)
    text = _REVISION.format(
        kind=kind,
        service=service,
        number=last + 1,
        before=f'"{service}_{last:04}"' if last else None,
        labels=None if last else f'("{service}",)',
        statements=statements,
    )
    (revisions / f"{last + 1:04}_{kind}_to_come.py").write_text(text)


def _say(tree: Path, file: str, present: str, later: str) -> None:
    text = (tree / file).read_text()
    assert present in text, f"{file} has changed: say here how its next version differs"
    (tree / file).write_text(text.replace(present, later, 1))
