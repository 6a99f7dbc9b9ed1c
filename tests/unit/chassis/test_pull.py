"""What a reader takes from around a message: the numbers the server gives, the id whoever sent it gave."""

import pytest

from chassis.messages import Message, header_of
from chassis.pull import _count
from tests.unit.chassis.acks import ACKS


@pytest.mark.parametrize("reply", ACKS)
def test_how_many_came_and_are_to_come_is_found_in_every_form_of_an_ack_subject(reply: bytes) -> None:
    assert _count(reply) == (12, 345)


@pytest.mark.parametrize(
    ("header", "id"),
    [
        (b"NATS/1.0\r\nNats-Msg-Id: 42\r\nOther: 1\r\n\r\n", "42"),
        (b"NATS/1.0\r\nOther: 1\r\nNats-Msg-Id: \xc3\xa9t\xc3\xa9\r\n\r\n", "été"),
        (b"NATS/1.0\r\nOther: 1\r\n\r\n", ""),
        (b"", ""),
        (b"NATS/1.0\r\nNats-Msg-Id: \xff\xfe\r\n\r\n", ""),
    ],
    ids=["first", "last", "none", "no header", "not text"],
)
def test_an_id_is_what_the_header_says_if_that_is_text(header: bytes, id: str) -> None:  # noqa: A002
    assert Message(1, 0, "trial.0.0.0.0.noted", b"", header).msg_id == id


@pytest.mark.parametrize("id", ["42", "été", ""])
def test_a_header_made_for_an_id_says_it(id: str) -> None:  # noqa: A002
    assert Message(1, 0, "trial.0.0.0.0.noted", b"", header_of(id)).msg_id == id
