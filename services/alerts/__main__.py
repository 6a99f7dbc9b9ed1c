"""`python -m services.alerts`."""

from chassis.settings import Settings
from chassis.start import start
from services import variables
from services.alerts.app import build


def main() -> None:
    """Run the service until SIGTERM."""
    start("alerts", Settings, build, variables())


if __name__ == "__main__":
    main()
