"""`deploy/image-steps`: run the Dockerfile's steps, prove the image, keep its bill of materials with `--sbom FILE`."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.image.build import build
from deploy.image.dockerfile import UnknownStep, stages
from deploy.image.proof import Broken, prove


def main() -> int:
    """0 when every promise holds."""
    parser = argparse.ArgumentParser(prog="deploy/image-steps", description=__doc__)
    parser.add_argument("--sbom", type=Path, help="where to put the bill of materials")
    options = parser.parse_args()
    repository = Path(__file__).parent.parent.parent
    place = Path(tempfile.mkdtemp(prefix="perseverance-image-"))
    place.chmod(0o755)
    try:
        image = build(stages(repository / "deploy/Dockerfile"), repository, place, _say)
        if options.sbom:
            shutil.copy(image.root.layer / "opt/perseverance/sbom.cdx.json", options.sbom)
        prove(image, repository, place, _say)
    except (Broken, UnknownStep, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"image: {error}\n")
        return 1
    finally:
        for root in place.glob("*/root"):
            subprocess.run(["umount", "--recursive", str(root)], check=True)
        shutil.rmtree(place)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
