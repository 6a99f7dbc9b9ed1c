"""`python -m services.parcours`."""

from chassis.service import run
from services.parcours.app import build
from services.parcours.settings import ParcoursSettings


def main() -> None:
    """Run the service until SIGTERM."""
    run(build(ParcoursSettings()))


if __name__ == "__main__":
    main()
