"""`python -m services.notifications`."""

from chassis.start import start
from services import variables
from services.notifications.app import build
from services.notifications.settings import NotificationsSettings

if __name__ == "__main__":
    start("notifications", NotificationsSettings, build, variables())
