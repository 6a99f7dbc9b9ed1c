"""Filling the tables of a rebuild from their streams: stretches are read side by side, and written in order."""
