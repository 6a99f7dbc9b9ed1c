"""Revisions of the tables every service has in its own schema."""
