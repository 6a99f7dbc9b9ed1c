"""How tables may change: first what is new, beside what is there; what is old goes when nobody needs it any more."""

import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from chassis.revisions import CONTRACT, EXPAND, Schema, problems
from cli.provision import schemas

# What takes away, renames or refuses something that the version before writes or reads.
_CONTRACTS = re.compile(
    r"\bDROP\s+(TABLE|COLUMN|SCHEMA|TYPE|VIEW|FUNCTION|CONSTRAINT|DEFAULT|SEQUENCE|INDEX|POLICY|ROLE)\b"
    r"|\bDROP\s+(IF\s+EXISTS\s+)?\w+\s*(,|;|$)"
    r"|\bRENAME\b|\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b|\bSET\s+NOT\s+NULL\b|\bTRUNCATE\b|\bREVOKE\b"
    r"|\bADD\s+(COLUMN\s+)?(?!CONSTRAINT)\w+\s[^;,]*\bNOT\s+NULL\b(?![^;,]*\bDEFAULT\b)",
    re.IGNORECASE | re.MULTILINE,
)


def contracts(statements: str) -> list[str]:
    """The statements of an expand revision that have no place there."""
    without_comments = re.sub(r"--[^\n]*", "", statements)
    return [found[0] for found in _CONTRACTS.finditer(without_comments)]


def files(schema: Schema) -> list[Path]:
    return [
        path
        for directory in schema.directories.values()
        for path in sorted(directory.glob("*.py"))
        if path.name != "__init__.py"
    ]


def test_an_expand_revision_takes_nothing_away() -> None:
    for schema in schemas():
        for path in files(schema):
            if path.name.split("_")[1] == EXPAND:
                assert not contracts(path.read_text()), path


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE refusals",
        "ALTER TABLE ledger DROP sender;",
        "ALTER TABLE ledger DROP COLUMN sender",
        "ALTER TABLE ledger RENAME COLUMN sender TO source",
        "ALTER TABLE ledger ALTER COLUMN sender TYPE uuid USING sender::uuid",
        "ALTER TABLE ledger ALTER sender SET DATA TYPE varchar(9)",
        "ALTER TABLE ledger ALTER COLUMN body_hash SET NOT NULL",
        "ALTER TABLE ledger ADD COLUMN door text NOT NULL",
        "ALTER TABLE ledger ADD door text CHECK (door <> '') NOT NULL;",
        "TRUNCATE refusals",
        "REVOKE ALL ON ledger FROM perseverance_intake",
    ],
)
def test_what_the_version_before_could_not_live_with_is_seen(statement: str) -> None:
    assert contracts(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE dropped (renamed text NOT NULL)",
        "ALTER TABLE ledger ADD COLUMN door text",
        "ALTER TABLE ledger ADD COLUMN door text NOT NULL DEFAULT 'http'",
        "ALTER TABLE ledger ADD CONSTRAINT door_known CHECK (door IN ('http', 'nats')) NOT VALID",
        "CREATE INDEX ledger_door ON ledger (door) WHERE door IS NOT NULL",
        "-- DROP TABLE ledger comes with the next release",
    ],
)
def test_what_only_adds_is_let_through(statement: str) -> None:
    assert not contracts(statement)


def test_a_revision_is_called_by_its_file() -> None:
    for schema in schemas():
        assert len(files(schema)) == len(schema.known()), "a file is not named NNNN_expand_what.py"
        config = Config()
        config.set_main_option("script_location", str(files(schema)[0].parent))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", "\n".join(map(str, schema.directories.values())))
        scripts = ScriptDirectory.from_config(config)
        assert {script.revision for script in scripts.walk_revisions()} == schema.known().keys()
        assert len(scripts.get_heads()) == len(schema.directories), "revisions of one directory follow one another"


def test_a_version_works_on_its_own_schema_and_on_one_that_only_grew() -> None:
    ours = {"intake_0001": EXPAND, "intake_0002": CONTRACT}
    assert not problems("intake", ours, ours)
    assert not problems("intake", ours, ours | {"intake_0003": EXPAND})


def test_a_version_refuses_a_schema_that_lacks_something_or_lost_something() -> None:
    ours = {"intake_0001": EXPAND, "intake_0002": EXPAND}
    (older,) = problems("intake", ours, {"intake_0001": EXPAND})
    assert "intake_0002" in older
    assert "perseverance provision" in older
    (newer,) = problems("intake", ours, ours | {"intake_0003": EXPAND, "intake_0004": CONTRACT})
    assert "intake_0004" in newer
    assert "intake_0003" not in newer
