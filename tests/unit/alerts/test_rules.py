"""The regulation on absence as dated data, and the readings it rests on (AMB-1 to AMB-3, AMB-7, AMB-11)."""

import pytest

from services.alerts.rules import FILE, UnknownReading, parse

SHIPPED = FILE.read_text()


def test_every_rule_and_reading_has_its_id_day_status_and_source() -> None:
    rules, readings = parse(SHIPPED)
    assert {each.id for each in rules} == {"ABS-11", "ABS-12"}
    assert {each.id for each in readings} == {"AMB-1", "AMB-2", "AMB-3", "AMB-7", "AMB-11"}
    assert all(each.source and each.status in ("CONFIRMED_P", "CONFIRMED_S", "PROPOSAL") for each in rules + readings)


def test_how_the_texts_are_read_is_never_shown_as_law() -> None:
    assert {each.status for each in parse(SHIPPED)[1]} == {"PROPOSAL"}


def test_a_file_that_reads_the_texts_otherwise_than_the_code_is_refused_by_name() -> None:
    with pytest.raises(UnknownReading, match=r"AMB-2: month = rolling_30_days; known: calendar_month"):
        parse(SHIPPED.replace('"calendar_month"', '"rolling_30_days"'))


def test_a_question_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownReading, match="AMB-7"):
        parse(SHIPPED.replace('"late_excuse"', '"lateness"'))


def test_a_rule_older_than_a_reading_it_needs_is_refused() -> None:
    with pytest.raises(UnknownReading, match="ABS-12 of 2018-09-01 has no reading of"):
        parse(SHIPPED.replace("level = 2\nvalid_from = 2019-09-02", "level = 2\nvalid_from = 2018-09-01"))
