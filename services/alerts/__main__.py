"""`python -m services.alerts`."""

from chassis.settings import Settings
from chassis.start import start
from services import variables
from services.alerts.app import build

if __name__ == "__main__":
    start("alerts", Settings, build, variables())
