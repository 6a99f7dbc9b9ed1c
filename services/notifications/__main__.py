"""`python -m services.notifications`."""

from chassis.service import run
from services.notifications.app import build
from services.notifications.settings import NotificationsSettings


def main() -> None:
    """Run the service until SIGTERM."""
    run(build(NotificationsSettings()))


if __name__ == "__main__":
    main()
