"""What every release stored and said, read by the services as they are now."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chassis import events
from chassis.messages import Message, Unprocessable
from chassis.reader import Reader
from cli.runtime import Suite
from cli.wiring import services_of
from contracts.catalogue import FLOW
from contracts.schema import name_of, on_the_wire
from contracts.streams import PLACES
from golden import HERE, releases, stored
from golden.__main__ import freeze
from tests.contracts.test_contract_golden import assert_kept, messages

_CHANNELS = {name_of(channel.contract): channel for channel in FLOW}


def stored_events(release: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / release / "stored.jsonl").read_text().splitlines()]


STORED = [(release, each) for release in releases() for each in stored_events(release)]


def test_each_stored_event_has_a_golden_example_once_its_version_is_released() -> None:
    present = version("perseverance")
    if "dev" not in present:
        topics = {event.TOPIC for service in stored.SERVICES for event in stored.classes(service)}
        missing = topics - {each["topic"] for each in stored_events(present)}
        assert not missing, f"raise the version in pyproject.toml, then `make golden VERSION=...`: {missing}"


@pytest.mark.parametrize(("release", "event"), STORED, ids=lambda v: v if isinstance(v, str) else v["topic"])
def test_a_stored_event_keeps_all_it_said_and_what_the_house_is_told_of_it(release: str, event: dict[str, Any]) -> None:
    """The second half is what lets lost streams grow back as they were."""
    read = events.decode(event["topic"], msgspec.json.encode(event["state"]))
    if event["topic"] == read.TOPIC:
        assert_kept(event["state"], json.loads(events.encode(read)), f"{release} {event['topic']}")
    said = stored.said(event["service"], event["topic"], event["state"])
    if event["said"] is None:
        assert said is None
    else:
        assert said is not None
        assert_kept(event["said"], said, f"{release} {event['topic']}")
        contract = _CHANNELS[said["data"]["type"]].contract
        on_the_wire(contract).model_validate(said["data"])


def _readers(suite: Suite) -> list[tuple[str, Reader[Any]]]:
    return [(service.name, reader) for service in services_of(suite) for reader in service.readers]


def test_every_reader_understands_every_message_that_was_ever_published_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSEVERANCE_TOKEN_SECRET", "x" * 32)
    monkeypatch.setenv("PERSEVERANCE_PUBLIC_URL", "http://127.0.0.1")
    readers = _readers(Suite(tmp_path, "nats://127.0.0.1:1", "postgresql://127.0.0.1:1/none"))
    heard = set()
    for release in releases():
        for each in messages(release):
            channel = _CHANNELS.get(each["contract"])
            for service, reader in readers if channel else ():
                assert channel is not None
                fact = channel.contract.FACT
                root = channel.stream.subjects[0].split(".")[0]
                if reader.source.stream != channel.stream.name or fact not in (reader.source.facts or (fact,)):
                    continue
                message = Message(1, 0, f"{root}.{PLACES[0]}.{fact}", json.dumps(each["body"]).encode())
                try:
                    reader.handler.decode(message)
                except Unprocessable as error:
                    pytest.fail(f"{service} cannot read {each['contract']} of {release}: {error.reason}")
                heard.add((each["contract"], service))
    assert heard == {(name, service) for name, channel in _CHANNELS.items() for service in channel.consumers}


def test_a_release_is_frozen_once(capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in (HERE / releases()[0]).iterdir()}
    assert freeze(releases()[0]) == 1
    assert "never changed" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (HERE / releases()[0]).iterdir()} == before
