"""The published language: events, commands, identifiers, envelope, subjects. Pure pydantic."""
