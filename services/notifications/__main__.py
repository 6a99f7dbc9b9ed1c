"""`python -m services.notifications`."""

from chassis.start import start
from services import variables
from services.notifications.app import build
from services.notifications.settings import NotificationsSettings


def main() -> None:
    """Run the service until SIGTERM."""
    start("notifications", NotificationsSettings, build, variables())


if __name__ == "__main__":
    main()
