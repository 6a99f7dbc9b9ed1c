"""`python -m services.parcours`."""

from chassis.service import run
from services.parcours.app import build
from services.parcours.settings import ParcoursSettings

if __name__ == "__main__":
    run(build(ParcoursSettings()))
