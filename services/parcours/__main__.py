"""`python -m services.parcours`."""

from chassis.start import start
from services import variables
from services.parcours.app import build
from services.parcours.settings import ParcoursSettings

if __name__ == "__main__":
    start("parcours", ParcoursSettings, build, variables())
