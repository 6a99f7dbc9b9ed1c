"""What alerts has in the database: everything is in its event store."""

from chassis.revisions import Schema

SCHEMA = Schema("alerts")
