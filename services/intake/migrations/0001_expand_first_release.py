"""The register of identities, the ledger of accepted facts, and who may send them."""

from chassis.migrate import run

revision = "intake_0001"
down_revision = None
branch_labels = ("intake",)


def upgrade() -> None:
    """Apply it."""
    run("""
CREATE TABLE senders (
    name        text        PRIMARY KEY,
    key_hash    bytea       NOT NULL UNIQUE,   -- SHA-256 of the API key; the key itself is shown once
    uais        text[],                        -- null: every school
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);

-- Who is who. Nothing else in the suite holds an identity but what is derived from this table.
CREATE TABLE register (
    student_id  uuid        PRIMARY KEY,
    ine         text        UNIQUE,            -- null once erased
    salt        bytea       NOT NULL,          -- keys every hash about the pupil; gone once erased
    uai         text,
    last_name   text,
    first_name  text,
    birth_date  date,
    class_name  text,
    stamps      jsonb       NOT NULL DEFAULT '{}',   -- field -> (time|id|source) of the event that set it
    change_seq  bigint      NOT NULL UNIQUE,   -- order of changes: the REGISTER stream is this column
    changed_at  timestamptz NOT NULL,
    erased_at   timestamptz
);
CREATE INDEX IF NOT EXISTS register_school ON register (uai);

-- Inbox and outbox at once: what was accepted, for ever, in the order of commits.
CREATE TABLE ledger (
    position    bigint      PRIMARY KEY,
    event_key   bytea       NOT NULL UNIQUE,   -- hash of (source, id)
    body_hash   bytea,                         -- null once its pupil is erased
    accepted_at timestamptz NOT NULL,
    student_id  uuid        NOT NULL,
    fact        text        NOT NULL,
    sender      text        NOT NULL,
    payload     bytea       NOT NULL           -- the pseudonymous envelope, as it is published
);
CREATE INDEX ledger_student ON ledger (student_id);

-- When each school was last heard, and how far in the ledger that is known.
CREATE TABLE IF NOT EXISTS heard (
    uai         text        PRIMARY KEY,
    last_at     timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS heard_to (
    singleton   boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    position    bigint      NOT NULL DEFAULT 0
);
INSERT INTO heard_to DEFAULT VALUES ON CONFLICT DO NOTHING;

-- What the NATS door refused, waiting to be published; never a value of the event.
CREATE TABLE refusals (
    position    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    refused_at  timestamptz NOT NULL,
    sender      text        NOT NULL,
    payload     bytea       NOT NULL
);
""")
