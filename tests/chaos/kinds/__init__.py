"""The kinds of fault, in the order of the report."""

from tests.chaos.kinds.base import Kind
from tests.chaos.kinds.cluster import ClusterOfThree
from tests.chaos.kinds.disk import Disk
from tests.chaos.kinds.engines import Nats, Postgres
from tests.chaos.kinds.freeze import Freeze
from tests.chaos.kinds.kill import Kill
from tests.chaos.kinds.proxy import Proxy
from tests.chaos.kinds.rolling import Rolling
from tests.chaos.kinds.skew import Skew
from tests.chaos.kinds.stores import Restored, Wiped

_IN_ORDER = (Kill, Freeze, Rolling, Nats, Postgres, Proxy, Disk, Skew, ClusterOfThree, Wiped, Restored)
KINDS: dict[str, type[Kind]] = {kind.NAME: kind for kind in _IN_ORDER}
