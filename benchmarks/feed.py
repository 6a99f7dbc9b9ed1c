"""Filling a stream fast, outside the measured time: a thousand messages, one disk write and one answer each."""

import json
from collections.abc import Iterable
from itertools import count, islice

import nats
from nats.aio.client import Client
from nats.js.api import PersistMode

BATCH = 1000  # the most the server takes


async def connect(url: str) -> Client:
    """A client that fails at once rather than waiting: here a lost server is a failed measurement."""
    return await nats.connect(url, allow_reconnect=False, pending_size=16 * 1024 * 1024)


async def fill(url: str, stream: str, messages: Iterable[tuple[str, bytes]], prefix: str = "") -> int:
    """Append (subject, body) messages to an otherwise idle stream; return its last sequence.

    Their ids are `prefix` and their sequence, which a relay's own ids must not meet.
    """
    client = await connect(url)
    info = await client.jetstream().stream_info(stream)
    last = info.state.last_seq
    behind = info.config.persist_mode == PersistMode.ASYNC
    closed = not behind and not info.config.allow_atomic  # everybody may write to it; ours for this moment
    if closed:
        await client.jetstream().update_stream(info.config.evolve(allow_atomic=True))
    source = iter(messages)
    for number in count():
        batch = list(islice(source, BATCH))
        if not batch:
            break
        if behind:
            last = await chain(client, batch, last, prefix)
        else:
            last = await append(client, f"fill-{number}", batch, last, prefix)
    if closed:
        await client.jetstream().update_stream(info.config)
    await client.close()
    return last


async def chain(client: Client, batch: list[tuple[str, bytes]], last: int, prefix: str = "") -> int:
    """Append messages after sequence `last`, each expecting the one before; return the new last one."""
    for (subject, body), seq in zip(batch, count(last), strict=False):
        headers = {"Nats-Expected-Last-Sequence": str(seq), "Nats-Msg-Id": f"{prefix}{seq + 1}"}
        if seq + 1 < last + len(batch):
            await client.publish(subject, body, headers=headers)
    ack = await client.jetstream(timeout=30).publish(subject, body, headers=headers)
    return ack.seq


async def append(client: Client, batch_id: str, batch: list[tuple[str, bytes]], last: int, prefix: str = "") -> int:
    """Append up to BATCH messages after sequence `last`, all or none; return the new last one."""
    *others, (subject, body) = batch
    headers = {"Nats-Batch-Id": batch_id, "Nats-Expected-Last-Sequence": str(last)}
    for place, (other_subject, other_body) in enumerate(others, 1):
        headers |= {"Nats-Batch-Sequence": str(place), "Nats-Msg-Id": f"{prefix}{last + place}"}
        await client.publish(other_subject, other_body, headers=headers)
        headers = {"Nats-Batch-Id": batch_id}
    headers |= {
        "Nats-Batch-Sequence": str(len(batch)),
        "Nats-Batch-Commit": "1",
        "Nats-Msg-Id": f"{prefix}{last + len(batch)}",
    }
    answer = json.loads((await client.request(subject, body, headers=headers, timeout=30)).data)
    if answer.get("error") or answer["seq"] != last + len(batch):
        raise RuntimeError(f"the stream refused a batch: {answer}")
    return int(answer["seq"])
