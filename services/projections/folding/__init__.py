"""What a batch of facts makes of a read model, worked out in memory: pure, no SQL."""

from typing import Any

import msgspec

from services.projections.wire import Fact


class Item(msgspec.Struct, frozen=True, gc=False):
    """A fact and where it lies in its stream."""

    seq: int
    partition: int
    fact: Fact[Any]
