"""`python -m services.projections`."""

from chassis.start import start
from services import variables
from services.projections.app import build
from services.projections.settings import ProjectionsSettings

if __name__ == "__main__":
    start("projections", ProjectionsSettings, build, variables())
