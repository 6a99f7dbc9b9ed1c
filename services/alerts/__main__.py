"""`python -m services.alerts`."""

from chassis.service import run
from chassis.settings import Settings
from services.alerts.app import build

if __name__ == "__main__":
    run(build(Settings()))
