"""`python -m services.parcours`."""

from chassis.start import start
from services import variables
from services.parcours.app import build
from services.parcours.settings import ParcoursSettings


def main() -> None:
    """Run the service until SIGTERM."""
    start("parcours", ParcoursSettings, build, variables())


if __name__ == "__main__":
    main()
