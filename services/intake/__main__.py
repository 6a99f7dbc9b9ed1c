"""`python -m services.intake`: run the service."""

from chassis.service import run
from services.intake.app import build
from services.intake.settings import IntakeSettings


def main() -> None:
    """Run the service until SIGTERM."""
    run(build(IntakeSettings()))


if __name__ == "__main__":
    main()
