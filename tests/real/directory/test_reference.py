"""Reference data held in memory, on a real server: right after every change, and after the server was away."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats import errors as nats_errors

from chassis import reference as reference_module
from chassis.embedded import EmbeddedNats
from chassis.nats import Nats
from chassis.reference import Reference
from tests.real.chassis.proxies import nats_wire
from tests.real.eventually import eventually

BUCKET = "PLACES"


def decode(key: str, data: bytes) -> str:
    if data == b"unreadable":
        raise ValueError
    return f"{key}={data.decode()}"


@pytest.fixture
async def nats(bare_nats_server: EmbeddedNats) -> AsyncIterator[Nats]:
    nats = Nats(bare_nats_server.url, "test")
    await nats.connect()
    await nats.js.create_key_value(bucket=BUCKET, history=1)
    yield nats
    await nats.close()


async def put(nats: Nats, key: str, value: str) -> None:
    await (await nats.js.key_value(BUCKET)).put(key, value.encode())


async def test_an_empty_bucket_is_loaded_too(nats: Nats) -> None:
    reference = Reference(BUCKET, decode)
    assert not reference.loaded
    assert await reference.refresh(nats.js)
    assert reference.loaded
    assert not reference.values()


async def test_it_holds_the_last_value_of_each_key(nats: Nats) -> None:
    for value in ("1", "2"):
        await put(nats, "a", value)
        await put(nats, "b.c", value)
    reference = Reference(BUCKET, decode)
    await reference.refresh(nats.js)
    assert sorted(reference.values()) == ["a=2", "b.c=2"]
    assert reference.get("b.c") == "b.c=2"
    assert reference.get("d") is None


async def test_what_did_not_change_is_not_read_again(nats: Nats) -> None:
    await put(nats, "a", "1")
    loads = []

    async def loaded() -> None:
        loads.append(1)

    reference = Reference(BUCKET, decode, on_change=loaded)
    assert await reference.refresh(nats.js)
    assert not await reference.refresh(nats.js)
    await put(nats, "a", "2")
    assert await reference.refresh(nats.js)
    assert len(loads) == 2


async def test_deleted_and_purged_keys_disappear(nats: Nats) -> None:
    bucket = await nats.js.key_value(BUCKET)
    for key in ("kept", "deleted", "purged"):
        await put(nats, key, "1")
    reference = Reference(BUCKET, decode)
    await reference.refresh(nats.js)
    before = reference.snapshot()
    await bucket.delete("deleted")
    await bucket.purge("purged")
    await reference.refresh(nats.js)
    assert list(reference.values()) == ["kept=1"]
    assert len(before) == 3  # what somebody holds does not change under them


async def test_a_value_that_cannot_be_read_is_left_out_alone(nats: Nats, caplog: pytest.LogCaptureFixture) -> None:
    await put(nats, "good", "1")
    await put(nats, "bad", "unreadable")
    reference = Reference(BUCKET, decode)
    await reference.refresh(nats.js)
    assert list(reference.values()) == ["good=1"]
    (record,) = [record for record in caplog.records if record.getMessage() == "reference.value_left_out"]
    assert record.__dict__["fields"] == {"key": "bad", "kind": "ValueError"}


async def test_thousands_of_values_are_all_there(nats: Nats) -> None:
    for number in range(5_000):
        await nats.js.publish_async(f"$KV.{BUCKET}.key.{number}", b"x" * 300)
    await nats.js.publish_async_completed()
    reference = Reference(BUCKET, decode)
    await reference.refresh(nats.js)
    assert len(reference.values()) == 5_000


async def test_changes_during_the_reading_are_seen_in_the_end(nats: Nats) -> None:
    reference = Reference(BUCKET, decode)
    following = asyncio.create_task(reference.run(nats))
    for number in range(600):
        await put(nats, f"key.{number % 200}", str(number))

    async def same() -> bool:
        return sorted(reference.values()) == sorted(f"key.{n - 400}={n}" for n in range(400, 600))

    await eventually(same)
    following.cancel()


@pytest.mark.parametrize("heard", [True, False])
async def test_a_change_is_seen_when_it_is_heard_of_and_also_when_it_is_not(
    nats: Nats, monkeypatch: pytest.MonkeyPatch, heard: bool
) -> None:
    await put(nats, "a", "1")
    monkeypatch.setattr(reference_module, "_EVERY_S", 3600 if heard else 0.1)
    if not heard:
        subscribe = nats.client.subscribe
        deaf = {f"$KV.{BUCKET}.>": "nothing"}
        monkeypatch.setattr(
            nats.client, "subscribe", lambda subject, **how: subscribe(deaf.get(subject, subject), **how)
        )
    reference = Reference(BUCKET, decode)
    following = asyncio.create_task(reference.run(nats))
    await reference.wait_loaded()
    await put(nats, "a", "2")

    async def seen() -> bool:
        return reference.get("a") == "a=2"

    await eventually(seen)
    following.cancel()


async def test_a_change_that_nobody_heard_for_a_lost_connection_is_seen_once_it_is_back(
    nats: Nats, bare_nats_server: EmbeddedNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_module, "_EVERY_S", 3600)
    await put(nats, "a", "1")
    async with nats_wire(bare_nats_server.url) as wire:
        ours = Nats(wire.url, "test")
        await ours.connect()
        reference = Reference(BUCKET, decode)
        following = asyncio.create_task(reference.run(ours))
        await reference.wait_loaded()
        wire.cut()
        await put(nats, "a", "2")
        assert ours.connections == 1

        async def seen() -> bool:
            return reference.get("a") == "a=2"

        await eventually(seen)
        following.cancel()
        await ours.close()


async def test_who_may_not_listen_at_first_listens_later(nats: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_module, "_EVERY_S", 3600)
    monkeypatch.setattr(reference_module, "_AWAY_S", 0.1)
    subscribe, refused = nats.client.subscribe, []

    async def refuse_once(subject: str, **how: object) -> object:
        if not refused:
            refused.append(subject)
            raise nats_errors.ConnectionClosedError
        return await subscribe(subject, **how)

    monkeypatch.setattr(nats.client, "subscribe", refuse_once)
    reference = Reference(BUCKET, decode)
    following = asyncio.create_task(reference.run(nats))
    await reference.wait_loaded()
    assert refused == [f"$KV.{BUCKET}.>"]
    await put(nats, "a", "1")

    async def seen() -> bool:
        return reference.get("a") == "a=1"

    await eventually(seen)
    following.cancel()


async def test_it_follows_across_a_restart_of_the_server(nats: Nats, bare_nats_server: EmbeddedNats) -> None:
    await put(nats, "a", "1")
    reference = Reference(BUCKET, decode)
    following = asyncio.create_task(reference.run(nats))
    await reference.wait_loaded()
    bare_nats_server.kill()
    await asyncio.sleep(1.2)
    assert reference.get("a") == "a=1"  # what was read stays readable
    await asyncio.to_thread(bare_nats_server.start)
    await eventually(lambda: _put_again(nats))

    async def seen() -> bool:
        return reference.get("a") == "a=2"

    await eventually(seen)
    following.cancel()


async def _put_again(nats: Nats) -> bool:
    try:
        await put(nats, "a", "2")
    except Exception:  # noqa: BLE001  (whatever it is while the server comes back)
        return False
    return True


async def test_a_bucket_made_anew_is_read_anew_even_with_as_many_messages(nats: Nats) -> None:
    await put(nats, "a", "1")
    reference = Reference(BUCKET, decode)
    await reference.refresh(nats.js)
    await nats.js.delete_key_value(BUCKET)
    await nats.js.create_key_value(bucket=BUCKET, history=1)
    await put(nats, "b", "1")
    await reference.refresh(nats.js)
    assert list(reference.values()) == ["b=1"]
