"""What programs send of an act: every field by its name, every day written as a day."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.projections.web import schemas, schemas_parcours
from services.projections.web.schemas import CloseBody, FollowUpBody
from services.projections.web.schemas_parcours import SinceBody, StartDelayBody

NOT_DAYS = [1795046400, "1795046400", 0, 1.0, True, "2025-10-06T00:00:00", "2025-10-06T00:00:00Z", "06/10/2025", ""]


def bodies() -> list[type[Any]]:
    found = [each for module in (schemas, schemas_parcours) for each in vars(module).values()]
    return [each for each in found if isinstance(each, type) and each.__name__.endswith("Body")]


def kinds(body: type[Any], said: dict[str, Any]) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(body).validate_python(said)
    return {error["type"] for error in caught.value.errors()}


@pytest.mark.parametrize("body", bodies(), ids=lambda body: body.__name__)
def test_no_body_takes_a_field_it_does_not_know(body: type[Any]):
    assert "extra_forbidden" in kinds(body, {"moitve": "x"})


@pytest.mark.parametrize("body", bodies(), ids=lambda body: body.__name__)
@pytest.mark.parametrize("day", NOT_DAYS)
def test_no_body_takes_for_a_day_what_is_not_written_as_one(body: type[Any], day: object):
    days = [name for name, field in body.model_fields.items() if "date" in str(field.annotation)]
    for name in days:
        assert "day_form" in kinds(body, {name: day})


def test_what_is_written_as_it_must_be_is_taken():
    assert FollowUpBody.model_validate({"kind": "GPDS", "on": "2025-10-06"}).on == date(2025, 10, 6)
    assert SinceBody.model_validate({"since": "2025-10-06"}).since == date(2025, 10, 6)
    assert kinds(SinceBody, {"since": "2025-02-30"}) == {"date_from_datetime_parsing"}
    assert "motive" in CloseBody.model_fields
    assert "since" in StartDelayBody.model_fields


def test_the_document_says_a_day_is_a_date():
    assert FollowUpBody.model_json_schema()["properties"]["on"]["format"] == "date"
