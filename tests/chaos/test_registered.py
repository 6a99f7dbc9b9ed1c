"""The stream REGISTER beside the register: each difference has its verdict."""

from tests.chaos.registered import Line, complaints
from tests.chaos.verdicts import DOUBLED, INVERTED, LOST

LINES = [Line(4, "a", "600000001ZZ", "0319000P"), Line(3, "b", None)]
IDENTIFIED = {
    "type": "fr.perseverance.register.pupil_identified.v1",
    "data": {"student_id": "a", "ine": "600000001ZZ", "uai": "0319000P"},
}
FORGOTTEN = {"type": "fr.perseverance.register.pupil_forgotten.v1", "data": {"student_id": "b"}}
MESSAGES = [(3, FORGOTTEN), (4, IDENTIFIED)]


def found(lines: list[Line], messages: list[tuple[int, dict]]) -> set[str]:
    return {verdict for verdict, _ in complaints(lines, messages)}


def test_the_last_message_of_each_pupil_is_the_line_of_the_register() -> None:
    assert found(LINES, MESSAGES) == set()


def test_a_pupil_without_a_message_is_lost_and_a_message_without_a_pupil_doubled() -> None:
    assert found(LINES, MESSAGES[:1]) == {LOST}
    assert found(LINES[:1], MESSAGES) == {DOUBLED}


def test_two_messages_of_one_pupil_are_doubled() -> None:
    assert found(LINES, [(2, IDENTIFIED), *MESSAGES]) == {DOUBLED}


def test_a_message_of_a_change_before_the_last_is_inverted() -> None:
    assert found(LINES, [MESSAGES[0], (2, IDENTIFIED)]) == {INVERTED}


def test_an_identity_that_is_not_the_register_s_is_lost() -> None:
    other = {**IDENTIFIED, "data": {**IDENTIFIED["data"], "uai": "0319001R"}}
    assert found(LINES, [MESSAGES[0], (4, other)]) == {LOST}
    assert found([LINES[0], Line(3, "b", "600000002ZZ")], MESSAGES) == {LOST}, "still forgotten"
