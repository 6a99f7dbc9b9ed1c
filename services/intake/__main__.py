"""`python -m services.intake`."""

from chassis.start import start
from services import variables
from services.intake.app import build
from services.intake.settings import IntakeSettings


def main() -> None:
    """Run the service until SIGTERM."""
    start("intake", IntakeSettings, build, variables())


if __name__ == "__main__":
    main()
