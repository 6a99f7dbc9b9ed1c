"""The kinds of fault, in the order of the report."""

from tests.chaos.kinds.base import Kind
from tests.chaos.kinds.engines import Nats, Postgres
from tests.chaos.kinds.freeze import Freeze
from tests.chaos.kinds.kill import Kill
from tests.chaos.kinds.proxy import Proxy
from tests.chaos.kinds.rolling import Rolling
from tests.chaos.kinds.skew import Skew

KINDS: dict[str, type[Kind]] = {kind.NAME: kind for kind in (Kill, Freeze, Rolling, Nats, Postgres, Proxy, Skew)}
