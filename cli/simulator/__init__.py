"""A synthetic school year of an académie: pure, seeded, nobody's data."""
