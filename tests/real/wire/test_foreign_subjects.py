"""Each key tries everything that belongs to others, on the real server: refused, all of it."""

import re
from collections.abc import Iterable
from pathlib import Path

import nats.errors
import pytest
from nats.js.api import AckPolicy, ConsumerConfig
from typer.testing import CliRunner

from chassis.credentials import Credentials, new_seed, public_key
from chassis.embedded import EmbeddedNats
from chassis.nats import NatsClient, connect_once
from chassis.provision import make_streams
from cli import keys
from cli.keyring import AUTHORIZATION_FILE, Keyring
from contracts.catalogue import BUCKETS, COMMANDS, FLOW, INTAKE, REFUSALS, SERVICES, STREAMS
from contracts.permissions import USERS, permissions_of
from contracts.streams import inbox_of
from tests.real.eventually import eventually
from tests.real.wire.conftest import Fatal, Guarded, Tries, said

_STREAM_ACTS = ("INFO", "CREATE", "UPDATE", "DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "LEADER.STEPDOWN")
_CONSUMER_ACTS = ("CREATE.{}", "DURABLE.CREATE.{}.x", "INFO.{}.x", "MSG.NEXT.{}.x", "DELETE.{}.x", "LIST.{}")


def everything() -> list[str]:
    """A subject of each kind there is in the whole flow, and in the server's own interface."""
    names = [*(stream.name for stream in STREAMS), *(bucket.stream for bucket in BUCKETS)]
    return [
        *(channel.subject.replace("*", "0") for channel in FLOW),
        *(subject.replace("*", "vs") for stream in (INTAKE, REFUSALS) for subject in stream.subjects),
        *(command.SUBJECT for command in COMMANDS),
        *(f"$KV.{bucket.name}.school.0319001R" for bucket in BUCKETS),
        *(f"{inbox_of(user)}.x.y" for user in USERS),
        *(f"{inbox_of(user)}.commands.x.y" for user in USERS),
        *(f"$JS.API.STREAM.{act}.{name}" for act in _STREAM_ACTS for name in names),
        *(f"$JS.API.CONSUMER.{act.format(name)}" for act in _CONSUMER_ACTS for name in names),
        *(f"$JS.API.DIRECT.GET.{name}" for name in names),
        "$JS.API.INFO",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.CREATE.MINE",
        "$SYS.REQ.SERVER.PING",
        "anything",
    ]


def is_theirs(subject: str, allowed: Iterable[str]) -> bool:
    """Whether one of these patterns is or covers the subject."""
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", r"[^.]+").replace(">", ".+"), subject) for pattern in allowed
    )


@pytest.mark.parametrize("user", USERS)
async def test_a_key_publishes_on_no_foreign_subject(guarded: Guarded, user: str) -> None:
    foreign = [subject for subject in everything() if not is_theirs(subject, permissions_of(user).publish)]
    assert len(foreign) > 60
    async with guarded.trying(user) as tries:
        for subject in foreign:
            await tries.client.publish(subject, b"{}")
        await tries.all_refused(foreign)


@pytest.mark.parametrize("user", USERS)
async def test_a_key_listens_to_no_foreign_subject(guarded: Guarded, user: str) -> None:
    listened = [subject for subject in permissions_of(user).subscribe if " " not in subject]
    foreign = [subject for subject in everything() if not is_theirs(subject, listened)]
    foreign += [">", "_INBOX.>", "$JS.>", "commands.>"]
    async with guarded.trying(user) as tries:
        for subject in foreign:
            await tries.client.subscribe(subject)
        await tries.all_refused(foreign)


@pytest.mark.parametrize("service", ["alerts", "parcours"])
async def test_commands_are_taken_as_a_member_of_the_service_alone(guarded: Guarded, service: str) -> None:
    """Beside its queue group, whoever has the key would hear every command once more."""
    one, another = [command.SUBJECT for command, obeys in COMMANDS.items() if obeys == service][:2]
    async with guarded.trying(service) as tries:
        await tries.client.subscribe(one, queue=service)
        await tries.client.subscribe(another)
        await tries.all_refused([another])
        assert one not in tries.refused


async def test_whoever_has_no_key_does_not_come_in(guarded: Guarded) -> None:
    stranger = NatsClient(Credentials())
    with pytest.raises(nats.errors.Error, match="Authorization"):
        await stranger.connect(guarded.url, allow_reconnect=False, error_cb=_nothing)


@pytest.mark.parametrize("user", SERVICES)
async def test_to_publish_what_is_not_ours_ends_the_process_and_is_logged(
    guarded: Guarded, fatal: Fatal, caplog: pytest.LogCaptureFixture, user: str
) -> None:
    nats = await guarded.connect(user, fatal)
    foreign = min(channel.subject for channel in FLOW if channel.producer != user).replace("*", "0")
    await nats.client.publish(foreign, b"{}")
    await eventually(fatal.happened)
    await nats.close()
    what = said(caplog, "nats.refused")
    assert foreign in what
    assert "is NATS_NKEY_FILE this service's own" in what


@pytest.mark.parametrize("user", SERVICES)
async def test_to_listen_to_what_is_not_ours_ends_the_process(guarded: Guarded, fatal: Fatal, user: str) -> None:
    nats = await guarded.connect(user, fatal)
    await nats.client.subscribe("register.>")
    await eventually(fatal.happened)
    await nats.close()


async def _nothing(_: Exception) -> None:
    pass


async def test_a_sender_says_its_own_facts_and_reads_its_own_refusals(tmp_path: Path) -> None:
    """As `perseverance keys sender` has the server know it."""
    seed, ring = tmp_path / "seed", Keyring(tmp_path / "keys")
    seed.write_text(new_seed())
    ring.make()
    done = CliRunner().invoke(keys.app, ["sender", str(ring.directory), "vs", public_key(seed.read_text())])
    assert done.exit_code == 0, done.output
    server = EmbeddedNats(tmp_path / "nats", more=ring.directory / AUTHORIZATION_FILE)
    server.start()
    try:
        maker, intake = await _as(ring, "provisioning", server), await _as(ring, "intake", server)
        await make_streams(maker.jetstream(), (INTAKE, REFUSALS), ())
        for name in ("vs", "other"):
            await intake.jetstream().publish(f"intake.refused.{name}", b"{}")
        client = await connect_once(server.url, "vs", credentials=Credentials(seed, inbox="_INBOX.sender.vs"))
        await client.jetstream().publish("intake.raw.vs", b"{}")
        config = ConsumerConfig(name="vs", ack_policy=AckPolicy.NONE, filter_subject="intake.refused.vs")
        await client.jetstream().add_consumer("REFUSALS", config)
        refusals = await client.jetstream().pull_subscribe_bind("vs", "REFUSALS")
        assert [message.subject for message in await refusals.fetch(2, timeout=1)] == ["intake.refused.vs"]
        tries = Tries(client)
        client._error_cb = tries.refuse
        foreign = ["intake.raw.other", "school.0.0.0.0.student_left", "$JS.API.CONSUMER.CREATE.REFUSALS"]
        foreign += ["$JS.API.CONSUMER.CREATE.REFUSALS.vs.intake.refused.other", "$JS.API.STREAM.INFO.SCHOOL"]
        for subject in foreign:
            await client.publish(subject, b"{}")
        await tries.all_refused(foreign)
        for each in (client, maker, intake):
            await each.close()
    finally:
        server.stop()


async def _as(ring: Keyring, user: str, server: EmbeddedNats) -> NatsClient:
    return await connect_once(server.url, user, credentials=Credentials(ring.seed_file(user), inbox=inbox_of(user)))
