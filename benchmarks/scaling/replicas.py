"""Replicas of one service as processes, and how they share its partitions."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import psutil
import psycopg

from benchmarks.contenders import environment
from benchmarks.engines import Engines
from benchmarks.process import Contender

PARTITIONS = 16
POLL_S = 0.05
_LIMIT_S = 180
_AT_ONCE = 4  # processes that start side by side


class Replicas:
    """The replicas of `service`; each is `module` run under a member name of its own."""

    def __init__(
        self, engines: Engines, database_url: str, service: str, module: str = "", more: dict[str, str] | None = None
    ) -> None:
        self.service = service
        self._engines = engines
        self._module = module or f"services.{service}"
        self._environment = environment(engines, database_url) | (more or {})
        self._names = count(1)
        self.running: dict[str, Contender] = {}
        self.watch: Callable[[], None] | None = None
        self.connection = psycopg.connect(database_url, autocommit=True, options=f"-c search_path={service}")

    def __enter__(self) -> "Replicas":
        return self

    def __exit__(self, *_: object) -> None:
        for replica in self.running.values():
            replica.ask_to_stop()
        for replica in self.running.values():
            replica.stop()
        self.connection.close()

    def to(self, wanted: int, *, kill: bool = False) -> float:
        """Start or stop (or kill) replicas until there are `wanted`; the seconds until the shares are even again.

        Counted from the signal; when some join, from the moment the last of them is known to the others.
        """
        names = [f"{self.service}-{next(self._names)}" for _ in range(wanted - len(self.running))]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            new = list(pool.map(self._prepare, names))
        self.running.update(zip(names, new, strict=True))
        for replica in new:
            replica.go()
        gone = list(self.running)[wanted:]
        started = time.monotonic()
        for name in gone:
            replica = self.running.pop(name)
            replica.kill() if kill else replica.ask_to_stop()
        if new:
            self.until(self._all_known)
            started = time.monotonic()
        self.until(self.even)
        return time.monotonic() - started

    def _prepare(self, name: str) -> Contender:
        more = {"PERSEVERANCE_MEMBER": name, "PGAPPNAME": name}
        log = self._engines.directory / f"{name}.log"
        return Contender(self._module, self._environment | more, log, (f"services.{self.service}.app",))

    def until(self, holds: Callable[[], bool]) -> None:
        """Look until it is so. Raises RuntimeError when a replica ends by itself, or after three minutes."""
        limit = time.monotonic() + _LIMIT_S
        while not holds():
            for replica in self.running.values():
                replica.check()
            if self.watch:
                self.watch()
            if time.monotonic() > limit:
                raise RuntimeError(f"{self.service}: still not so after {_LIMIT_S} s: {self.shares()}")
            time.sleep(POLL_S)

    def _all_known(self) -> bool:
        return all(names >= set(self.running) for names in self._members().values()) and bool(self._members())

    def even(self) -> bool:
        """Whether everything is held by those who run, and no one has two partitions more than another."""
        shares, members = self.shares(), self._members()
        if not members or any(names != set(self.running) for names in members.values()):
            return False
        return all(_even(shares[consumer], names) for consumer, names in members.items())

    def _members(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for consumer, member in self.connection.execute("SELECT consumer, member FROM members"):
            found[consumer].add(member)
        return found

    def shares(self) -> dict[str, Counter[str]]:
        """For each reader and relay, how many partitions each replica has."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for consumer, owner in self.connection.execute("SELECT consumer, owner FROM leases"):
            found[consumer][owner] += 1
        return found

    def postgres_connections(self) -> int:
        """The most that one replica has open."""
        rows = self.connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%s) GROUP BY application_name",
            (list(self.running),),
        ).fetchall()
        return max(int(number) for (number,) in rows)

    @property
    def urls(self) -> list[str]:
        """Where each answers over HTTP; the first one is the last to go."""
        return [f"http://127.0.0.1:{_port(replica.pid)}" for replica in self.running.values()]

    def ready(self) -> bool:
        """Whether each says so: then it also listens to commands, or does in a moment."""
        return all(httpx.get(f"{url}/ready", timeout=30, trust_env=False).is_success for url in self.urls)

    def nats_connections(self) -> int:
        """The most that one replica has open."""
        port = int(self._engines.nats_url.rpartition(":")[2])
        return max(
            sum(1 for each in psutil.Process(replica.pid).net_connections() if each.raddr and each.raddr.port == port)
            for replica in self.running.values()
        )


def _port(pid: int) -> int:
    (port,) = (each.laddr.port for each in psutil.Process(pid).net_connections() if each.status == psutil.CONN_LISTEN)
    return port


def _even(shares: Counter[str], names: set[str]) -> bool:
    sizes = [shares[name] for name in names]
    whole = PARTITIONS if sum(sizes) > 1 else 1  # relays, and the one reader of INTAKE, have a single partition
    return set(shares) <= names and sum(sizes) == whole and max(sizes) - min(sizes) <= 1
