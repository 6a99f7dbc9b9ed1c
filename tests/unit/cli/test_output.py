"""What programs read on stdout is JSON in UTF-8, whatever the names of files and the locale."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.output import emit


def emitted(monkeypatch: pytest.MonkeyPatch, document: Any, encoding: str, errors: str) -> Any:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding, errors=errors))
    sys.stdout.write("before ")
    emit(document)
    return json.loads(written.getvalue().decode("utf-8").removeprefix("before "))


@pytest.mark.parametrize(
    ("encoding", "errors"),
    [("utf-8", "strict"), ("utf-8", "surrogateescape"), ("ascii", "surrogateescape"), ("iso-8859-15", "strict")],
)
def test_a_document_is_utf_8_whatever_the_names_and_the_locale(
    monkeypatch: pytest.MonkeyPatch, encoding: str, errors: str
):
    latin = os.fsdecode("élèves.csv".encode("iso-8859-15"))
    document = {"refused_file": Path(latin), "names": ["Chloé", latin]}
    expected = {"refused_file": "?l?ves.csv", "names": ["Chloé", "?l?ves.csv"]}
    assert emitted(monkeypatch, document, encoding, errors) == expected
