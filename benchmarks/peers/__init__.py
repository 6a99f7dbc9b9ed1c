"""The same work done as the documentation of the libraries shows it."""
