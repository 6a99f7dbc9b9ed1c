"""`python -m services.projections`."""

from chassis.start import start
from services import variables
from services.projections.app import build
from services.projections.settings import ProjectionsSettings


def main() -> None:
    """Run the service until SIGTERM."""
    start("projections", ProjectionsSettings, build, variables())


if __name__ == "__main__":
    main()
