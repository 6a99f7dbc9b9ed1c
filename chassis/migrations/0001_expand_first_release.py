"""The tables every service has: where its readers stand, what they put aside, deadlines, the event store."""

from chassis.migrate import run

revision = "chassis_0001"
down_revision = None
branch_labels = ("chassis",)


def upgrade() -> None:
    """Apply it."""
    run("""
CREATE TABLE positions (
    consumer    text     NOT NULL,
    partition   smallint NOT NULL,
    position    bigint   NOT NULL DEFAULT 0,   -- stream sequence of the last message handled
    msg_id      text     NOT NULL DEFAULT '',  -- its Nats-Msg-Id: tells a rebuilt stream from another one
    PRIMARY KEY (consumer, partition)
);

CREATE TABLE leases (
    consumer    text        NOT NULL,
    partition   smallint    NOT NULL,
    owner       text        NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (consumer, partition)
);

CREATE TABLE members (
    consumer    text        NOT NULL,
    member      text        NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (consumer, member)
);

CREATE TABLE quarantine (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer    text        NOT NULL,
    stream      text        NOT NULL,
    position    bigint      NOT NULL,
    partition   smallint    NOT NULL,
    key         text        NOT NULL,
    subject     text        NOT NULL,
    msg_id      text        NOT NULL,
    reason      text        NOT NULL,
    payload     bytea       NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (consumer, stream, msg_id, position)
);
CREATE INDEX quarantine_key ON quarantine (consumer, key);

CREATE TABLE deadlines (
    aggregate_id uuid        NOT NULL,
    kind         text        NOT NULL,
    due_at       timestamptz NOT NULL,
    fired_at     timestamptz,
    PRIMARY KEY (aggregate_id, kind)
);
CREATE INDEX deadlines_due ON deadlines (kind, due_at) WHERE fired_at IS NULL;
CREATE INDEX deadlines_due_any ON deadlines (due_at, aggregate_id) WHERE fired_at IS NULL;

-- The event store, as the `eventsourcing` library has it: its recorder reads and writes these.
CREATE TABLE stored_events (
    originator_id      uuid   NOT NULL,
    originator_version bigint NOT NULL,
    topic              text,
    state              bytea,
    notification_id    bigserial,   -- the place in the log, in the order of commits
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    autovacuum_enabled = true,
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);
CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id);
CREATE TYPE stored_event_uuid AS (originator_id uuid, originator_version bigint, topic text, state bytea);
""")
