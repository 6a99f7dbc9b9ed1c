"""`python -m services.projections`."""

from chassis.service import run
from services.projections.app import build
from services.projections.settings import ProjectionsSettings

if __name__ == "__main__":
    run(build(ProjectionsSettings()))
