"""How many connections to PostgreSQL one replica of a service may open, all its pools full."""

from importlib import import_module
from typing import Any, get_type_hints
from unittest.mock import patch

from psycopg_pool import ConnectionPool

from contracts.catalogue import SERVICES

HEARING = {"projections": 1}
"""Those that belong to no pool: projections hears of changes on one (services/projections/live.py)."""


def ceilings() -> dict[str, int]:
    """By service, as it is put together today: nothing is connected to."""
    return {name: sum(_pools(name)) + HEARING.get(name, 0) for name in SERVICES}


def _pools(name: str) -> list[int]:
    """The most that each of its pools holds."""
    made: list[ConnectionPool[Any]] = []
    begin = ConnectionPool.__init__

    def noted(pool: ConnectionPool[Any], *given: Any, **named: Any) -> None:
        begin(pool, *given, **named)
        made.append(pool)

    build = import_module(f"services.{name}.app").build
    settings = get_type_hints(build)["settings"]
    secret = {"token_secret": "s" * 32} if "token_secret" in settings.model_fields else {}
    with patch.object(ConnectionPool, "__init__", noted):
        service = build(settings(nats_url="nats://127.0.0.1:1", database_url="postgresql:///nowhere", **secret))
    service.database.close()
    return [pool.max_size for pool in made]
