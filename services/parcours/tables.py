"""What parcours has in the database: everything is in its event store and its deadlines."""

from chassis.revisions import Schema

SCHEMA = Schema("parcours")
