"""What the tests' handlers do. No key on purpose: a message handled twice must show."""

from chassis.migrate import run

revision = "trial_0001"
down_revision = None
branch_labels = ("trial",)


def upgrade() -> None:
    run("""
CREATE TABLE effects (
    place     bigint GENERATED ALWAYS AS IDENTITY,
    key       text NOT NULL,
    number    integer NOT NULL,
    partition integer NOT NULL
);
""")
