"""docs/integration.md and docs/glossary.md hold what is true of the code: programs outside are written by them."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cli.directory_files import ACADEMIE, ACTOR_COLUMNS, SCHOOL_COLUMNS
from contracts.alerts import AlertState, FollowUp
from contracts.catalogue import INCOMING
from contracts.directory import Role, SchoolType
from contracts.examples.people import actor
from contracts.incoming import Refusal
from contracts.school import PupilStatus, ReasonCategory
from services.intake.codes import Code
from services.intake.csv_rows import ABSENCES, STUDENTS, Kind
from services.intake.drafts import Draft
from services.intake.reading import read_many, read_one
from services.intake.settings import IntakeSettings
from services.projections.scope import Sees, scope_of

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "integration.md").read_text()
GLOSSARY = (DOCS / "glossary.md").read_text()
WORDS = set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", GUIDE))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def csv_rows(header: tuple[str, ...]) -> list[dict[str, str]]:
    found = [block.splitlines() for block in blocks("csv") if block.startswith(";".join(header) + "\n")]
    assert len(found) == 1
    return [dict(zip(header, line.split(";"), strict=True)) for line in found[0][1:]]


def test_every_reason_for_a_refusal_is_explained() -> None:
    assert set(Code) <= WORDS


def test_every_event_and_every_value_that_may_be_sent_is_there() -> None:
    assert {contract.TYPE for contract in INCOMING} <= WORDS
    assert {field for contract in INCOMING for field in contract.model_fields} <= WORDS
    for values in (ReasonCategory, PupilStatus, AlertState, Role, SchoolType):
        assert {value.value for value in values} <= WORDS


def test_the_events_of_the_guide_are_taken_at_the_door() -> None:
    bodies = [re.findall(r"<<'EVENTS?'\n(.*?)\nEVENT", block, re.DOTALL) for block in blocks("sh")]
    single, batch = (body[0].encode() for body in bodies if body)
    for event in (read_one(single), *read_many(batch)):
        assert isinstance(event, Draft)


@pytest.mark.parametrize("kind", [STUDENTS, ABSENCES], ids=lambda kind: kind.name)
def test_the_rows_of_the_guide_are_taken(kind: Kind) -> None:
    for row in csv_rows(kind.columns):
        assert isinstance(kind.draft(row), Draft)


def test_the_columns_of_the_directory_are_those_that_are_read() -> None:
    assert csv_rows(SCHOOL_COLUMNS)
    assert csv_rows(ACTOR_COLUMNS)
    assert ACADEMIE in WORDS


def test_what_each_role_reads_is_said() -> None:
    values = "|".join(sees.value for sees in Sees)
    rows = re.findall(rf"^\| (.*) \| `({values})` \| .* \|$", GUIDE, re.MULTILINE)
    told = [(role, sees) for roles, sees in rows for role in re.findall(r"`([A-Z_]+)`", roles)]
    assert sorted(told) == sorted(
        (role, scope_of(actor(role=role), [], date(2025, 10, 10)).sees.value) for role in Role
    )


def test_the_answers_of_the_guide_have_the_words_of_the_code() -> None:
    documents: list[dict[str, Any]] = [json.loads(block) for block in blocks("json")]
    refused = next(document for document in documents if "field" in document)
    assert Refusal.model_validate(refused).reason == Code(refused["code"]).reason.en
    verdicts = [verdict for document in documents for verdict in document.get("verdicts", [])]
    assert len(verdicts) == 4
    for verdict in verdicts:
        assert verdict["reason"] == (Code(verdict["code"]).reason.en if verdict["code"] else None)


def test_the_limits_of_the_guide_are_those_of_the_door() -> None:
    fields = IntakeSettings.model_fields
    limits = {name: fields[name].default for name in ("max_body_bytes", "max_events", "max_requests")}
    for name, limit in limits.items():
        row = next(line for line in GUIDE.splitlines() if f"PERSEVERANCE_{name.upper()}" in line)
        assert re.search(rf"\b{limit:,}\b".replace(",", " "), row) or re.search(rf"\b{limit}\b", row)


def test_the_glossary_names_every_role_and_every_action() -> None:
    for word in (*Role, *SchoolType):
        assert f"`{word.value}`" in GLOSSARY
    for action in FollowUp:
        assert action in (FollowUp.FAMILY_CONTACTED, FollowUp.OTHER) or f"`FollowUp.{action.name}`" in GLOSSARY


def test_links_inside_the_guide_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", GUIDE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) <= headings
