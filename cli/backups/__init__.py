"""Backups: taking one, putting it back, and rehearsing that it can be put back."""
