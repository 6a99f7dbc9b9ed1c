"""Deadlines that must each fire once, none early, whoever dies: `python -m tests.chaos.deadlines`."""
