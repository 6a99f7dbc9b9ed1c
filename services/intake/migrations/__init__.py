"""Revisions of intake's own tables."""
