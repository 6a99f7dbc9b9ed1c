"""What stands around the read models: who sees which row, who was erased, how far each reader is in time."""

from chassis.migrate import run

revision = "projections_0001"
down_revision = None
branch_labels = ("projections",)


def upgrade() -> None:
    """Apply it."""
    run("""
-- The territory of whoever asks: set for one transaction (`set_config(..., true)`), never for a session,
-- which a pool would hand to somebody else. Nothing set, nothing seen.
CREATE FUNCTION territory() RETURNS text[] LANGUAGE sql STABLE AS
$$ SELECT string_to_array(nullif(current_setting('perseverance.uais', true), ''), ',') $$;

-- Resolved by name when called, so that they survive the switch to a rebuilt table.
CREATE FUNCTION sees_alert(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS
$$ BEGIN RETURN EXISTS (SELECT FROM alerts WHERE alert_id = wanted); END $$;

CREATE FUNCTION sees_parcours(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS
$$ BEGIN RETURN EXISTS (SELECT FROM parcours WHERE parcours_id = wanted); END $$;

CREATE FUNCTION sees_delay(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS
$$ BEGIN RETURN EXISTS (SELECT FROM delays WHERE delay_id = wanted); END $$;

CREATE FUNCTION follows_pupil(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS
$$ BEGIN
    RETURN EXISTS (SELECT FROM parcours WHERE student_id = wanted)
        OR EXISTS (SELECT FROM delays WHERE student_id = wanted);
END $$;

-- All of them at once: who may see no one else joins hundreds of pupils, and a look at each would be dear.
CREATE FUNCTION followed() RETURNS uuid[] LANGUAGE plpgsql STABLE AS
$$ BEGIN
    RETURN ARRAY(SELECT student_id FROM parcours UNION SELECT student_id FROM delays);
END $$;

CREATE FUNCTION sees_pupil(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS
$$ BEGIN
    RETURN EXISTS (SELECT FROM enrolments WHERE student_id = wanted)
        OR EXISTS (SELECT FROM alerts WHERE student_id = wanted)
        OR follows_pupil(wanted);
END $$;

-- The INE a partner gave, for one transaction: whoever knows it may find that one pupil of the territory.
CREATE FUNCTION known_ine() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('perseverance.ine', true), '') $$;

-- Row-level security of one table: services write, readers see what `visible` lets them, partners what
-- `to_partners` does; which columns, a GRANT says.
CREATE FUNCTION guard(guarded regclass, visible text, to_partners text DEFAULT 'false') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY services_write ON %s TO perseverance_projections USING (true)', guarded);
    EXECUTE format('CREATE POLICY territory_only ON %s FOR SELECT'
        ' TO perseverance_projections_reader, perseverance_projections_counter USING (%s)', guarded, visible);
    EXECUTE format('CREATE POLICY partners_territory ON %s FOR SELECT TO perseverance_projections_partner USING (%s)',
        guarded, to_partners);
    EXECUTE format('GRANT ALL ON %s TO perseverance_projections', guarded);
    EXECUTE format('GRANT SELECT ON %s TO perseverance_projections_reader', guarded);
END $$;

-- Pupils whose identity was erased: whatever still arrives about them is passed over.
CREATE TABLE forgotten (
    student_id  uuid        PRIMARY KEY,
    at          timestamptz NOT NULL
);

-- How far in time each reader has brought the read models; one row a partition, so that replicas do not
-- wait for one another.
CREATE TABLE freshness (
    reader      text        NOT NULL,
    partition   smallint    NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (reader, partition)
);
GRANT SELECT ON freshness TO perseverance_projections_reader, perseverance_projections_counter,
    perseverance_projections_partner;

-- The form each read model has here; a version that was built for another one neither fills nor shows it.
CREATE TABLE read_models (
    name     text        PRIMARY KEY,
    version  integer     NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now()
);
""")
