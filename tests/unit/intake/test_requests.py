"""A body that cannot be read is told of in a sentence that is true."""

import pytest

from services.intake.problems import Problem
from services.intake.requests import reading_for

BATCH = {"content-type": "application/cloudevents-batch+json"}
ONE = {"content-type": "application/cloudevents+json"}
PLAIN = {"content-type": "application/json"}
BINARY = {"content-type": "application/json", "ce-type": "x"}


@pytest.mark.parametrize(
    ("headers", "body", "code", "says"),
    [
        (BATCH, b"{}", "not_json", "the body is JSON, but a batch is an array of events"),
        (BATCH, b"null", "not_json", "the body is JSON, but a batch is an array of events"),
        (BATCH, b"{", "not_json", "the body is not valid JSON (line 1 column 1)"),
        (BATCH, b"NaN", "not_finite", "the body holds NaN or Infinity, which are not JSON (line 1 column 1)"),
        (ONE, b'{"id": NaN}', "not_finite", "the body holds NaN or Infinity, which are not JSON (line 1 column 8)"),
        (ONE, b'"\\ud800"', "bad_text", "the body holds a lone surrogate or bytes that are not UTF-8"),
        (PLAIN, b' {"id": NaN}', "not_finite", "the body holds NaN or Infinity, which are not JSON (line 1 column 9)"),
        (PLAIN, b"\n[NaN", "not_finite", "the body holds NaN or Infinity, which are not JSON (line 2 column 2)"),
        (BINARY, b"[" * 300, "too_deep", "the body is nested too deeply"),
    ],
)
def test_what_is_wrong_with_a_body(headers: dict[str, str], body: bytes, code: str, says: str):
    read = reading_for(headers)
    with pytest.raises(Problem) as caught:
        read(body)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.detail.startswith(says)
