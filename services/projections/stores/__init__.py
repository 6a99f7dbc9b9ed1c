"""Where folded batches become rows. With `generations` and `reading`, the only SQL of this service."""
