"""Who waits for whom must be the more patient of the two."""

from chassis import membership
from chassis import reader as reader_module
from chassis import relay as relay_module


def test_readers_wait_for_a_stream_to_be_filled_longer_than_its_relay_takes_to_see_it() -> None:
    sees_within = relay_module._LOOK_AFTER_S + membership.RENEW_EVERY_S + membership.FOLLOW_S
    assert sees_within + 2 * max(reader_module._BACKOFF_S) < reader_module._WAIT_FOR_REBUILD_S
