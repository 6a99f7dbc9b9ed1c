"""Kill everything at random under load, then compare with the oracle: `python -m tests.chaos`."""
