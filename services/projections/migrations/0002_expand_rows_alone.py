"""The service has the rows of a guarded table, and nothing that empties or changes the table."""

from chassis.migrate import run

revision = "projections_0002"
down_revision = "projections_0001"
branch_labels = None


def upgrade() -> None:
    """Apply it."""
    run("""
CREATE OR REPLACE FUNCTION guard(guarded regclass, visible text, to_partners text DEFAULT 'false') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY services_write ON %s TO perseverance_projections USING (true)', guarded);
    EXECUTE format('CREATE POLICY territory_only ON %s FOR SELECT'
        ' TO perseverance_projections_reader, perseverance_projections_counter USING (%s)', guarded, visible);
    EXECUTE format('CREATE POLICY partners_territory ON %s FOR SELECT TO perseverance_projections_partner USING (%s)',
        guarded, to_partners);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO perseverance_projections', guarded);
    EXECUTE format('GRANT SELECT ON %s TO perseverance_projections_reader', guarded);
END $$;
""")
