"""Playing a synthetic year against a running suite, through the doors that schools and people use."""
