"""`python -m services.intake`."""

from chassis.start import start
from services import variables
from services.intake.app import build
from services.intake.settings import IntakeSettings

if __name__ == "__main__":
    start("intake", IntakeSettings, build, variables())
