"""What a stream or bucket is told to be, setting by setting, and where one that is there is something else."""

from dataclasses import fields
from typing import Any

from nats.js.api import Base, DiscardPolicy, PersistMode, RetentionPolicy, StorageType, StreamConfig

from chassis.placement import Placement
from contracts.streams import BucketSpec, StreamSpec

Spec = StreamSpec | BucketSpec

_LEFT = {"name", "description", "metadata", "placement", "template_owner"}  # words and places: no message is its less
_COMPARED = tuple(field.name for field in fields(StreamConfig) if field.name not in _LEFT)
_UNSET: tuple[object, ...] = (0, -1, "", [], {}, "none", "default")  # how the server says that nothing was asked for


def config_of(spec: Spec, placement: Placement, present: StreamConfig | None = None) -> StreamConfig:
    """As declared, all else as the server has it by default.

    Two things are left to a stream that is there: how its messages are written if a relay fills it, which is settled
    when it is made, and on which servers whoever runs them put it.
    """
    config = _bucket(spec) if isinstance(spec, BucketSpec) else _stream(spec, placement, present)
    return config.evolve(num_replicas=placement.stream_replicas, placement=present.placement if present else None)


def _stream(spec: StreamSpec, placement: Placement, present: StreamConfig | None) -> StreamConfig:
    # Acknowledged before it is on the disk (ADR 24), which the server grants to a stream without copies or batches.
    behind = spec.replayable and (written_behind(present) if present else placement.stream_replicas == 1)
    return StreamConfig(
        name=spec.name,
        description=spec.purpose,
        subjects=list(spec.subjects),
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_age=spec.max_age_days * 86_400,
        max_msgs_per_subject=spec.per_subject,
        duplicate_window=placement.duplicate_window_s or spec.duplicate_window_s,
        allow_direct=True,
        allow_atomic=spec.fenced and not behind,
        persist_mode=PersistMode.ASYNC if behind else None,
    )


def _bucket(spec: BucketSpec) -> StreamConfig:
    # What makes a stream a bucket, by ADR 8 of NATS.
    return StreamConfig(
        name=spec.stream,
        description=spec.purpose,
        subjects=[f"$KV.{spec.name}.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_msgs_per_subject=spec.history,
        duplicate_window=120,
        allow_rollup_hdrs=True,
        allow_msg_ttl=True,
        deny_delete=True,
    )


def written_behind(present: StreamConfig) -> bool:
    """Whether this stream acknowledges a message before it is on the disk."""
    return present.persist_mode == PersistMode.ASYNC


def differing(present: StreamConfig, wanted: StreamConfig) -> list[str]:
    """The settings in which a stream that is there is not the one that is wanted."""
    return [name for name in _COMPARED if _plain(getattr(present, name)) != _plain(getattr(wanted, name))]


def _plain(value: Any) -> Any:
    if isinstance(value, Base):
        value = value.as_dict()
    return None if value in _UNSET else value
