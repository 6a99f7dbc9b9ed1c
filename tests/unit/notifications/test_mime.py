"""Headers that hold any text and nothing but that text."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.mime import assemble, mailbox, one_line, phrase, usable

TEXT = st.text(max_size=120)


def sent(**headers: str) -> EmailMessage:
    message = message_from_bytes(assemble(headers, "text\n", "<p>html</p>", "=_b"), policy=default)
    assert isinstance(message, EmailMessage)
    return message


@given(TEXT)
def test_a_subject_comes_back_as_it_was_but_for_its_controls(text: str) -> None:
    message = sent(Subject=phrase(text))
    assert message.keys() == ["Subject", "MIME-Version", "Content-Type"]
    assert " ".join(str(message["Subject"]).split()) == " ".join(one_line(text).split())


@given(TEXT)
def test_a_name_never_changes_who_receives(name: str) -> None:
    message = sent(To=mailbox(name, "who@example.org"))
    assert [address.addr_spec for address in message["To"].addresses] == ["who@example.org"]


@given(st.text(max_size=2000), st.text(max_size=2000))
def test_bodies_come_back_whole(text: str, html: str) -> None:
    text, html = (part.encode(errors="ignore").decode().replace("\r", "") for part in (text, html))
    content = assemble({}, text + "\n", html, "=_b")
    assert content.isascii()
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    parts = [part.get_content() for part in message.iter_parts()]
    assert [part.replace("\r\n", "\n").rstrip("\n") for part in parts] == [
        text.rstrip("\n"),
        html.rstrip("\n"),
    ]


@pytest.mark.parametrize("value", ["a\r\nBcc: b", "a\nb", "a\rb", "é", "a\x00"])
def test_a_header_that_could_hide_another_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match="X-Test"):
        assemble({"X-Test": value}, "", "", "=_b")


@pytest.mark.parametrize("address", ["a@example.org", "camille.o'neil+mlds@ac.example.org"])
def test_ordinary_addresses_are_usable(address: str) -> None:
    assert usable(address)


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "é@example.org", "a@b c", "<a@example.org>", "a@example.org\r\nX: y", "a@[example.org", "a@[ "],
)
def test_others_are_not(address: str) -> None:
    assert not usable(address)
