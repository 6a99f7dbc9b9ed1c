"""What every event on the wire is made of."""

from typing import Annotated

import msgspec

Small = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class Data(msgspec.Struct, frozen=True, gc=False):
    """What an event says; fields not named here are passed over."""
