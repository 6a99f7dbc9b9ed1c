"""`python -m services.notifications`."""

from chassis.service import run
from services.notifications.app import build
from services.notifications.settings import NotificationsSettings

if __name__ == "__main__":
    run(build(NotificationsSettings()))
