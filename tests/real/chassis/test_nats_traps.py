"""What NATS and its client do that one would not guess, each with what we do about it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from chassis.embedded import EmbeddedNats
from chassis.nats import Nats
from chassis.provision import provision_streams
from chassis.pull import Pull
from chassis.window import append
from tests.real.chassis.proxies import nats_wire
from tests.real.chassis.refusing_nats import refusing_nats
from tests.real.chassis.trial import SOURCE, SYNCED, TRIAL, Trial, message
from tests.real.eventually import eventually


class Fatal:
    """Counts how often the process would have been ended."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1

    async def happened(self) -> bool:
        return self.times > 0


async def test_publishing_without_permission_raises_nothing_and_is_fatal(tmp_path: Path) -> None:
    async with refusing_nats(tmp_path) as server:
        fatal = Fatal()
        connection = Nats(server.url, "trial", fatal=fatal)
        await connection.connect()
        await connection.client.publish("allowed.this", b"")
        await connection.client.flush()
        assert fatal.times == 0
        await connection.client.publish("forbidden.that", b"")
        await eventually(fatal.happened)
        await connection.close()


async def test_subscribing_without_permission_raises_nothing_and_is_fatal(tmp_path: Path) -> None:
    async with refusing_nats(tmp_path) as server:
        fatal = Fatal()
        connection = Nats(server.url, "trial", fatal=fatal)
        await connection.connect()
        await connection.client.subscribe("forbidden.that")
        await eventually(fatal.happened)
        await connection.close()


async def test_a_password_that_is_no_longer_right_is_fatal(tmp_path: Path) -> None:
    """The client would try the old one for ever: only a fresh process, with the new password, can help."""
    async with refusing_nats(tmp_path) as server:
        fatal = Fatal()
        connection = Nats(server.url, "trial", fatal=fatal)
        await connection.connect()
        await server.stop()
        await server.start(password="another")
        await eventually(fatal.happened)
        await connection.close()


async def test_who_is_told_to_stop_in_the_moment_of_a_refusal_stops_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.12 `wait_for` answers such a cancellation with the refusal, after which the client tries on."""

    async def refused_as_we_are_cancelled(*_: object) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ConnectionRefusedError from None

    monkeypatch.setattr(Client, "_connect_to_server", refused_as_we_are_cancelled)
    connection = Nats("nats://127.0.0.1:9", "trial")
    connecting = asyncio.create_task(connection.connect())
    await asyncio.sleep(0.05)
    connecting.cancel()
    done, _ = await asyncio.wait((connecting,), timeout=10)
    connecting.cancel()
    assert done
    await connection.close()


async def test_a_connection_that_nobody_made_can_be_closed() -> None:
    await Nats("nats://127.0.0.1:9", "trial").close()


async def test_closing_on_purpose_is_not_fatal(trial: Trial) -> None:
    fatal = Fatal()
    connection = Nats(trial.nats_url, "trial", fatal=fatal)
    await connection.connect()
    await connection.close()
    assert fatal.times == 0


async def test_the_client_never_stops_reconnecting(trial: Trial) -> None:
    """By default it gives up for good after 60 attempts, two minutes."""
    connection = await trial.connect()
    assert connection.client.options["max_reconnect_attempts"] == -1
    await connection.close()


async def test_a_publish_that_raised_while_disconnected_may_still_arrive(trial: Trial) -> None:
    """Hence: who publishes looks first whether it is connected, and takes "raised" for "unknown"."""
    async with nats_wire(trial.nats_url) as wire:
        connection = await trial.connect(wire.url)
        wire.close()
        await eventually(lambda: _connected(connection, wanted=False))
        entry = message(1)
        with pytest.raises(nats.errors.Error):
            await connection.js.publish(entry.subject, entry.data, timeout=0.2)
        wire.open = True
        assert [data for _, _, data in await trial.until_stored(1)] == [entry.data]
        await connection.close()


async def test_flush_reports_success_while_disconnected(trial: Trial) -> None:
    """Hence: only the server's answer to a publish counts, never a flush."""
    async with nats_wire(trial.nats_url) as wire:
        connection = await trial.connect(wire.url)
        wire.close()
        await eventually(lambda: _connected(connection, wanted=False))
        await connection.client.publish(message(1).subject, message(1).data)
        await connection.client.flush(1)
        assert await trial.stored() == []
        await connection.close()


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "between", "last"])
async def test_a_window_with_a_message_too_large_is_not_sent_and_cuts_nobody(trial: Trial, place: int) -> None:
    """The server hangs up on who sends it; the library counts the payload alone, the server its headers too."""
    connection = await trial.connect()
    window = [message(number) for number in (1, 2, 3)]
    large = message(place + 1, body=b"x" * (connection.client.max_payload - 10))
    with pytest.raises(nats.errors.MaxPayloadError):
        await append(connection, [*window[:place], large, *window[place + 1 :]], 0)
    assert await trial.stored() == []
    assert await append(connection, window, 0) == 3
    assert connection.connections == 1
    await connection.close()


async def _connected(connection: Nats, *, wanted: bool) -> bool:
    return connection.connected is wanted


async def test_an_id_is_known_for_the_dedup_window_only_whatever_the_body(trial: Trial) -> None:
    """Hence: deduplication spares nothing; the expected sequence is the fence, and handlers know what they saw."""
    await provision_streams(trial.nats_url, [replace(TRIAL, duplicate_window_s=1)], [])
    connection = await trial.connect()
    subject, headers = message(1).subject, {"Nats-Msg-Id": "1"}

    async def stored_again() -> bool:
        return not (await connection.js.publish(subject, b"third", headers=headers)).duplicate

    assert not (await connection.js.publish(subject, b"first", headers=headers)).duplicate
    assert (await connection.js.publish(subject, b"second", headers=headers)).duplicate
    await eventually(stored_again)
    assert [data for _, _, data in await trial.stored()] == [b"first", b"third"]
    await connection.close()


async def test_an_expected_sequence_is_checked_before_deduplication(trial: Trial) -> None:
    """Hence: after a lost answer the relay does not resend, it looks where the stream ends."""
    connection = await trial.connect()
    headers = {"Nats-Msg-Id": "1", "Nats-Expected-Last-Sequence": "0"}
    await connection.js.publish(message(1).subject, b"", headers=headers)
    with pytest.raises(APIError) as refused:
        await connection.js.publish(message(1).subject, b"", headers=headers)
    assert refused.value.err_code == 10071
    await connection.close()


@pytest.mark.parametrize("trial_nats", [SYNCED], indirect=True)
async def test_an_atomic_batch_that_holds_a_known_id_is_refused_whole(trial: Trial) -> None:
    await trial.fill(1)
    connection = await trial.connect()
    with pytest.raises(APIError) as refused:
        await append(connection, [message(number) for number in (2, 1, *range(3, 60))], 1, batches=True)
    assert refused.value.err_code == 10201
    assert len(await trial.stored()) == 1
    await connection.close()


async def test_our_consumers_acknowledge_nothing_and_skip_nothing(trial: Trial) -> None:
    """At `max_deliver` a message is skipped in silence; acknowledged positions live in the database instead."""
    connection = await trial.connect()
    async with Pull(connection, SOURCE.stream, SOURCE.filters(frozenset({3})), 0, 10) as pull:
        config = (await connection.js.consumer_info(TRIAL.name, pull._consumer)).config
        assert (config.ack_policy, config.max_deliver, config.durable_name) == ("none", -1, None)
    await connection.close()


def test_what_is_acknowledged_is_on_the_disk(bare_nats_server: EmbeddedNats) -> None:
    """With the default sync interval of two minutes a power cut loses what was acknowledged since."""
    assert "sync_interval: always" in (bare_nats_server.directory / "nats.conf").read_text()


@pytest.mark.parametrize("trial_nats", [SYNCED], indirect=True)
async def test_acknowledged_messages_survive_the_death_of_the_server(trial: Trial, trial_nats: EmbeddedNats) -> None:
    await trial.fill(1_000)
    trial_nats.kill()
    trial_nats.start()
    assert len(await trial.stored()) == 1_000
