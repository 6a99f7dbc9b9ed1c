"""Revisions of what stands around the read models; the read models themselves are rebuilt, never changed in place."""
