-- The read models, as they are now. They are never altered: change a section, raise its version in catalogue.py,
-- and provisioning builds the new form beside the live one, then switches.
--
-- Each `-- @model NAME` section makes the tables of one read model and can be run in another schema. Keep each
-- statement free of ";" except at its end, and give every index a name.

-- @model alerts
CREATE TABLE alerts (
    alert_id      uuid        PRIMARY KEY,
    attendance_id uuid        NOT NULL,
    student_id    uuid        NOT NULL,
    uai           text        NOT NULL,
    level         smallint    NOT NULL,
    month         text        NOT NULL,
    school_year   text        NOT NULL,
    state         text        NOT NULL,
    half_days     smallint    NOT NULL,
    reached_on    date        NOT NULL,
    reached_at    text        NOT NULL,  -- MORNING or AFTERNOON
    rule          json        NOT NULL,
    tally         text        NOT NULL,  -- JSON as it came: who reads events has parsed it
    raised_at     timestamptz NOT NULL,
    raised_event  text        NOT NULL,  -- these three are what its timeline begins with
    raised_half_days smallint NOT NULL,
    changed_at    timestamptz NOT NULL,
    act           text,                  -- what somebody last did about it
    act_by        text,
    act_at        timestamptz,
    counted_at    timestamptz,           -- when the count last changed, if it did
    -- Computed where they are read.
    counted       json GENERATED ALWAYS AS (tally::json -> 'counted') VIRTUAL,
    left_out      json GENERATED ALWAYS AS (tally::json -> 'left_out') VIRTUAL
) WITH (fillfactor = 70, toast_tuple_target = 8160);  -- room to change a row in place; evidence is not compressed
CREATE INDEX alerts_by_school ON alerts (uai, raised_at DESC, alert_id DESC);
CREATE INDEX alerts_by_student ON alerts (student_id);
-- One row for each thing that happened to an alert since it was raised, changes of its count left out.
CREATE TABLE timeline (
    alert_id    uuid        NOT NULL,
    event_id    text        NOT NULL,
    at          timestamptz NOT NULL,
    seq         bigint      NOT NULL,  -- tells apart what happened at the same instant
    kind        text        NOT NULL,
    by          text,                  -- who, when somebody did it
    command_id  uuid,
    half_days   smallint,
    detail      text,                  -- follow-up, cause or motive
    on_day      date
);
CREATE UNIQUE INDEX timeline_once ON timeline (alert_id, event_id);
-- Early warnings: one half-day short of a level, and not of an alert.
CREATE TABLE approaching (
    student_id    uuid        NOT NULL,
    month         text        NOT NULL,
    level         smallint    NOT NULL,
    uai           text        NOT NULL,
    school_year   text        NOT NULL,
    half_days     smallint    NOT NULL,
    evidence      text        NOT NULL,
    at            timestamptz NOT NULL,
    rule          json GENERATED ALWAYS AS (evidence::json -> 'rule') VIRTUAL,
    counted       json GENERATED ALWAYS AS (evidence::json -> 'counted') VIRTUAL,
    left_out      json GENERATED ALWAYS AS (evidence::json -> 'left_out') VIRTUAL,
    PRIMARY KEY (student_id, month, level)
) WITH (toast_tuple_target = 8160);
CREATE INDEX approaching_by_school ON approaching (uai, month);
SELECT guard('alerts', 'uai = ANY ((SELECT territory())::text[])');
SELECT guard('timeline', 'sees_alert(alert_id)');
SELECT guard('approaching', 'uai = ANY ((SELECT territory())::text[])');
GRANT SELECT (uai, level, state, month, school_year) ON alerts TO perseverance_projections_counter;

-- @model roster
-- Who a pseudonymous id is, from the register.
CREATE TABLE identities (
    student_id  uuid  PRIMARY KEY,
    ine         text  NOT NULL,
    uai         text,
    last_name   text,
    first_name  text,
    birth_date  date,
    class_name  text,
    search      text  NOT NULL  -- names without accents or case, to look for and to sort by
);
CREATE INDEX identities_by_school ON identities (uai);
CREATE INDEX identities_by_ine ON identities (ine);
-- Where a pupil is on the roll, from the schools; the fact with the latest time is kept.
CREATE TABLE enrolments (
    student_id  uuid        NOT NULL,
    uai         text        NOT NULL,
    class_name  text,
    mef         text,
    status      text,
    since       date,
    enrolled_at timestamptz,
    left_on     date,
    left_at     timestamptz,
    PRIMARY KEY (student_id, uai)
);
CREATE INDEX enrolments_by_school ON enrolments (uai);
SELECT guard('identities', 'uai = ANY ((SELECT territory())::text[]) OR sees_pupil(student_id)',
    'ine = (SELECT known_ine()) AND uai = ANY ((SELECT territory())::text[])'
    ' OR student_id = ANY ((SELECT followed())::uuid[])');
SELECT guard('enrolments', 'uai = ANY ((SELECT territory())::text[])',
    'student_id = ANY ((SELECT followed())::uuid[]) AND uai = ANY ((SELECT territory())::text[])');
GRANT SELECT ON identities TO perseverance_projections_partner;
GRANT SELECT (student_id, uai, class_name) ON enrolments TO perseverance_projections_partner;

-- @model mails
-- One row for each e-mail that had to be written. Those about an erased pupil lose both ids, not their count.
CREATE TABLE mails (
    mail_id       uuid        PRIMARY KEY,
    alert_id      uuid,
    student_id    uuid,
    uai           text        NOT NULL,
    role          text        NOT NULL,
    actor_id      text,
    template      text        NOT NULL,
    state         text        NOT NULL,
    attempts      smallint    NOT NULL,
    doubtful      boolean     NOT NULL,  -- an answer was lost: it may have arrived twice
    message_id    text,
    rendered_hash text,
    smtp_code     smallint,
    requested_at  timestamptz NOT NULL,
    sent_at       timestamptz,
    changed_at    timestamptz NOT NULL,
    about_id      uuid                   -- the alert, the parcours or the delay
) WITH (fillfactor = 70);
CREATE INDEX mails_by_school ON mails (uai, requested_at DESC, mail_id DESC);
CREATE INDEX mails_by_alert ON mails (alert_id);
CREATE INDEX mails_by_about ON mails (about_id);
CREATE INDEX mails_by_student ON mails (student_id);
SELECT guard('mails', 'uai = ANY ((SELECT territory())::text[])');

-- @model parcours
CREATE TABLE parcours (
    parcours_id         uuid        PRIMARY KEY,
    student_id          uuid        NOT NULL,
    uai                 text        NOT NULL,
    scheme              text        NOT NULL,
    state               text        NOT NULL,
    began_at            timestamptz NOT NULL,  -- when it was first spoken of: never changes
    changed_at          timestamptz NOT NULL,
    proposed_at         timestamptz,
    opened_at           timestamptz,
    starts_on           date,
    ends_on             date,                  -- that day included
    last_day            date,                  -- how far it could be extended, where the scheme has a limit
    next_review_on      date,
    suspended_since     date,
    alert_id            uuid,
    gpds_on             date,
    referent_id         text,
    partners            text[]      NOT NULL,
    placement_days      int,
    parcours_days       int,
    most_placement_days int,
    cautions            text[]      NOT NULL,
    rule                json,
    outcome             text,
    closed_on           date
) WITH (fillfactor = 70);
CREATE INDEX parcours_by_school ON parcours (uai, began_at DESC, parcours_id DESC);
CREATE INDEX parcours_by_end ON parcours (uai, ends_on);
CREATE INDEX parcours_by_student ON parcours (student_id);
CREATE INDEX parcours_by_alert ON parcours (alert_id);
-- One row for each thing that happened to a parcours; `detail` is what it says beside who and why.
CREATE TABLE parcours_timeline (
    parcours_id uuid        NOT NULL,
    event_id    text        NOT NULL,
    at          timestamptz NOT NULL,
    seq         bigint      NOT NULL,
    kind        text        NOT NULL,
    by          text,
    why         text,
    command_id  uuid,
    detail      json        NOT NULL,
    PRIMARY KEY (parcours_id, event_id)
);
-- Periods in a company that are planned; a cancelled one is gone from here, not from the timeline.
CREATE TABLE placements (
    parcours_id  uuid NOT NULL,
    placement_id uuid NOT NULL,
    first        date NOT NULL,
    last         date NOT NULL,  -- that day included
    PRIMARY KEY (parcours_id, placement_id)
);
CREATE TABLE delays (
    delay_id    uuid        PRIMARY KEY,
    student_id  uuid        NOT NULL,
    uai         text        NOT NULL,
    kind        text        NOT NULL,
    since       date        NOT NULL,
    until       date        NOT NULL,  -- that day included
    state       text        NOT NULL,
    rule        json        NOT NULL,
    started_at  timestamptz NOT NULL,
    started_by  text        NOT NULL,
    changed_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    ended_by    text,
    done        boolean                -- once ended: whether it was done, or had no object any more
) WITH (fillfactor = 70);
CREATE INDEX delays_by_school ON delays (uai, started_at DESC, delay_id DESC);
CREATE INDEX delays_by_student ON delays (student_id);
CREATE TABLE delay_timeline (
    delay_id    uuid        NOT NULL,
    event_id    text        NOT NULL,
    at          timestamptz NOT NULL,
    seq         bigint      NOT NULL,
    kind        text        NOT NULL,
    by          text,
    why         text,
    command_id  uuid,
    detail      json        NOT NULL,
    PRIMARY KEY (delay_id, event_id)
);
SELECT guard('parcours', 'uai = ANY ((SELECT territory())::text[])', 'uai = ANY ((SELECT territory())::text[])');
SELECT guard('parcours_timeline', 'sees_parcours(parcours_id)', 'sees_parcours(parcours_id)');
SELECT guard('placements', 'sees_parcours(parcours_id)', 'sees_parcours(parcours_id)');
SELECT guard('delays', 'uai = ANY ((SELECT territory())::text[])', 'uai = ANY ((SELECT territory())::text[])');
SELECT guard('delay_timeline', 'sees_delay(delay_id)', 'sees_delay(delay_id)');
GRANT SELECT (uai, scheme, state, ends_on, next_review_on) ON parcours TO perseverance_projections_counter;
-- All but the alert and the school's own meeting it came from.
GRANT SELECT (parcours_id, student_id, uai, scheme, state, began_at, changed_at, proposed_at, opened_at, starts_on,
    ends_on, last_day, next_review_on, suspended_since, referent_id, partners, placement_days, parcours_days,
    most_placement_days, cautions, rule, outcome, closed_on) ON parcours TO perseverance_projections_partner;
GRANT SELECT ON parcours_timeline TO perseverance_projections_partner;
GRANT SELECT ON placements TO perseverance_projections_partner;
GRANT SELECT ON delays TO perseverance_projections_partner;
GRANT SELECT ON delay_timeline TO perseverance_projections_partner;
-- @end
