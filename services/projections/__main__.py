"""`python -m services.projections`."""

from chassis.service import run
from services.projections.app import build
from services.projections.settings import ProjectionsSettings


def main() -> None:
    """Run the service until SIGTERM."""
    run(build(ProjectionsSettings()))


if __name__ == "__main__":
    main()
