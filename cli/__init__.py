"""The command line: the whole suite on one machine, and the tools to look after it."""
