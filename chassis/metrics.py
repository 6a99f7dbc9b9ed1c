"""What the chassis counts. Labels are names of ours, never anything about a pupil."""

from prometheus_client import Counter, Gauge, Histogram

from chassis.logs import VERSION

BUILD = Gauge("perseverance_build_info", "Always 1: which version this process is", ["version"])
BUILD.labels(VERSION).set(1)
HANDLED = Counter("perseverance_messages_handled", "Messages whose effect is committed", ["consumer"])
QUARANTINED = Counter("perseverance_messages_quarantined", "Messages put in quarantine", ["consumer"])
RESTARTS = Counter("perseverance_reader_restarts", "Times a reader began again", ["consumer", "cause"])
BATCH = Histogram(
    "perseverance_batch_size",
    "Messages in a committed batch",
    ["consumer"],
    buckets=(1, 10, 50, 100, 250, 500, 1000),
)
COMMIT = Histogram("perseverance_batch_seconds", "Time to handle and commit a batch", ["consumer"])
POSITION = Gauge("perseverance_reader_position", "Stream sequence of the last message handled", ["consumer"])
PARTITIONS = Gauge("perseverance_reader_partitions", "Partitions this process reads", ["consumer"])
PUBLISHED = Counter("perseverance_messages_published", "Messages a relay published", ["stream"])
RELAY_BREAKS = Counter("perseverance_relay_breaks", "Times the chain of a relay broke", ["stream"])
