-- Tables every service has in its own schema. Idempotent; run by provisioning with search_path set.

CREATE TABLE IF NOT EXISTS positions (
    consumer    text     NOT NULL,
    partition   smallint NOT NULL,
    position    bigint   NOT NULL DEFAULT 0,   -- stream sequence of the last message handled
    msg_id      text     NOT NULL DEFAULT '',  -- its Nats-Msg-Id: tells a rebuilt stream from another one
    PRIMARY KEY (consumer, partition)
);

CREATE TABLE IF NOT EXISTS leases (
    consumer    text        NOT NULL,
    partition   smallint    NOT NULL,
    owner       text        NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (consumer, partition)
);

CREATE TABLE IF NOT EXISTS members (
    consumer    text        NOT NULL,
    member      text        NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (consumer, member)
);

CREATE TABLE IF NOT EXISTS quarantine (
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
CREATE INDEX IF NOT EXISTS quarantine_key ON quarantine (consumer, key);

CREATE TABLE IF NOT EXISTS deadlines (
    aggregate_id uuid        NOT NULL,
    kind         text        NOT NULL,
    due_at       timestamptz NOT NULL,
    fired_at     timestamptz,
    PRIMARY KEY (aggregate_id, kind)
);
CREATE INDEX IF NOT EXISTS deadlines_due ON deadlines (kind, due_at) WHERE fired_at IS NULL;
CREATE INDEX IF NOT EXISTS deadlines_due_any ON deadlines (due_at, aggregate_id) WHERE fired_at IS NULL;
