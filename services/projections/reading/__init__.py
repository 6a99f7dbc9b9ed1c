"""Questions people ask of the read models. Each takes a `Reading`, which only a `Scope` opens."""
