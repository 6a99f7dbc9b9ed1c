"""A stream or bucket that somebody changed by hand: what is told of it, what is mended, and what cannot be."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from nats.js.api import RePublish, StreamConfig, StreamConsumerLimits, StreamSource, SubjectTransform
from nats.js.errors import APIError

from chassis.embedded import EmbeddedNats
from chassis.nats import Nats
from chassis.provision import NotBroughtBack, drift, make_streams, remake_streams
from contracts.streams import EVERY_PLACE, BucketSpec
from tests.real.chassis.trial import SYNCED, TRIAL

BUCKET = BucketSpec("TRIAL", "few words")
_OTHER = StreamSource("OTHER")

MENDED: dict[str, Any] = {
    "subjects": ["trial.0.0.0.1.*"],
    "retention": "interest",
    "max_consumers": 3,
    "max_msgs": 10,
    "max_bytes": 100_000,
    "discard": "new",
    "max_age": 3600.0,
    "max_msgs_per_subject": 2,
    "max_msg_size": 100,
    "no_ack": True,
    "duplicate_window": 1.0,
    "allow_rollup_hdrs": True,
    "republish": RePublish("trial.>", "copied.>"),
    "subject_transform": SubjectTransform(f"trial.{EVERY_PLACE}.*", "moved.{{wildcard(1)}}.{{wildcard(2)}}"),
    "sources": [_OTHER],
    "allow_direct": False,
    "compression": "s2",
    "consumer_limits": StreamConsumerLimits(max_ack_pending=5),
    "first_seq": 7,
    "allow_atomic": False,
    "allow_batched": True,
}
FOR_EVER: dict[str, Any] = {
    "sealed": True,
    "deny_delete": True,
    "deny_purge": True,
    "allow_msg_ttl": True,
    "allow_msg_schedules": True,
}
OF_A_BUCKET: dict[str, Any] = {
    "max_msgs_per_subject": 5,
    "max_age": 3600.0,
    "max_bytes": 100_000,
    "max_msgs": 10,
    "max_msg_size": 100,
    "discard": "old",
    "compression": "s2",
    "allow_rollup_hdrs": False,
    "republish": RePublish("$KV.TRIAL.>", "copied.>"),
}
OTHERWISE_MADE: dict[str, dict[str, Any]] = {
    "storage": {"storage": "memory"},
    "allow_msg_counter": {"allow_msg_counter": True},
    "persist_mode": {"persist_mode": "async", "allow_atomic": False},
}


@pytest.fixture
async def admin(bare_nats_server: EmbeddedNats) -> AsyncIterator[Nats]:
    """Connected to a server that holds a stream with messages, a bucket, and another stream."""
    nats = Nats(bare_nats_server.url, "admin")
    await nats.connect()
    await nats.js.add_stream(name="OTHER")
    await make_streams(nats.js, [SYNCED], [BUCKET])
    assert await _drift(nats) == []
    await nats.js.publish("trial.0.0.0.1.noted", b"{}")
    yield nats
    await nats.close()


async def _drift(nats: Nats) -> list[str]:
    return await drift(nats.js, [SYNCED], [BUCKET])


async def _config(nats: Nats, stream: str) -> StreamConfig:
    return (await nats.js.stream_info(stream)).config


@pytest.mark.parametrize("setting", MENDED)
async def test_a_setting_is_told_and_brought_back(admin: Nats, setting: str) -> None:
    changed = await _config(admin, "TRIAL")
    await admin.js.update_stream(changed.evolve(**{setting: MENDED[setting]}))
    assert await _drift(admin) == [f"stream TRIAL: {setting} is not as declared"]
    await make_streams(admin.js, [SYNCED], [BUCKET])
    assert await _drift(admin) == []


@pytest.mark.parametrize("setting", FOR_EVER)
async def test_what_the_server_does_not_take_back_is_said_and_made_anew(admin: Nats, setting: str) -> None:
    """And the streams after it are mended all the same."""
    changed = await _config(admin, "TRIAL")
    await admin.js.update_stream(changed.evolve(**{setting: FOR_EVER[setting]}))
    await admin.js.update_stream((await _config(admin, BUCKET.stream)).evolve(max_bytes=100_000))
    assert f"stream TRIAL: {setting} is not as declared" in await _drift(admin)
    with pytest.raises(NotBroughtBack, match=rf"stream TRIAL \(.*\b{setting}\b"):
        await make_streams(admin.js, [SYNCED], [BUCKET])
    assert not [line for line in await _drift(admin) if "bucket" in line]
    await _only_by_making_anew(admin)


@pytest.mark.parametrize("setting", OTHERWISE_MADE)
async def test_a_stream_that_was_made_otherwise(admin: Nats, setting: str) -> None:
    changed = (await _config(admin, "TRIAL")).evolve(**OTHERWISE_MADE[setting])
    with pytest.raises(APIError):
        await admin.js.update_stream(changed)
    await admin.js.delete_stream("TRIAL")
    await admin.js.add_stream(changed)
    assert f"stream TRIAL: {setting} is not as declared" in await _drift(admin)
    with pytest.raises(NotBroughtBack, match=rf"stream TRIAL \(.*\b{setting}\b"):
        await make_streams(admin.js, [SYNCED], [BUCKET])


async def test_a_mirror_is_told_and_brought_back(admin: Nats) -> None:
    await admin.js.delete_stream("TRIAL")
    await admin.js.add_stream(name="TRIAL", mirror=_OTHER)
    assert "stream TRIAL: mirror is not as declared" in await _drift(admin)
    await make_streams(admin.js, [SYNCED], [BUCKET])
    assert await _drift(admin) == []


@pytest.mark.parametrize("setting", OF_A_BUCKET)
async def test_a_setting_of_a_bucket_is_told_and_brought_back(admin: Nats, setting: str) -> None:
    changed = await _config(admin, BUCKET.stream)
    await admin.js.update_stream(changed.evolve(**{setting: OF_A_BUCKET[setting]}))
    assert await _drift(admin) == [f"bucket TRIAL: {setting} is not as declared"]
    await make_streams(admin.js, [SYNCED], [BUCKET])
    assert await _drift(admin) == []


async def test_a_bucket_is_what_the_library_makes_of_one(admin: Nats) -> None:
    await admin.js.delete_key_value(BUCKET.name)
    await admin.js.create_key_value(bucket=BUCKET.name)
    assert await _drift(admin) == []


async def test_making_anew_is_for_what_cannot_be_brought_back(admin: Nats) -> None:
    """And for streams that a relay fills: what schools sent is in no log."""
    await admin.js.delete_stream("TRIAL")
    await make_streams(admin.js, [TRIAL], [])
    await admin.js.update_stream((await _config(admin, "TRIAL")).evolve(max_bytes=100_000))
    assert await remake_streams(admin.js, [TRIAL]) == []
    assert await drift(admin.js, [TRIAL], []) == []


async def _only_by_making_anew(admin: Nats) -> None:
    assert await remake_streams(admin.js, [SYNCED]) == []
    assert (await admin.js.stream_info("TRIAL")).state.messages == 1, "what schools sent is in no log"
    assert await remake_streams(admin.js, [TRIAL]) == ["TRIAL"]
    assert await drift(admin.js, [TRIAL], []) == []
