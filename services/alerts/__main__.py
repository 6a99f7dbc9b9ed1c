"""`python -m services.alerts`."""

from chassis.service import run
from chassis.settings import Settings
from services.alerts.app import build


def main() -> None:
    """Run the service until SIGTERM."""
    run(build(Settings()))


if __name__ == "__main__":
    main()
