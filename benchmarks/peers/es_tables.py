"""Makes the peer's tables before it runs: two of its processes that start at once would trip over each other."""

from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment

from benchmarks.peers.es_domain import Absences, environment
from benchmarks.peers.es_projection import AlertsProjection, AlertsView


def main() -> None:
    """Construct once what creates its tables when constructed."""
    settings = environment() | {"CREATE_TABLE": "yes"}
    Absences(settings).close()
    factory = InfrastructureFactory[AlertsView].construct(Environment(AlertsProjection.name, settings))
    factory.tracking_recorder(AlertsView)
    factory.close()


if __name__ == "__main__":
    main()
