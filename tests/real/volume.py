"""A volume that ends soon: a small tmpfs that its own processes alone see, and that is gone when they are."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_BLOCK = 64 * 1024
_USER = () if os.geteuid() == 0 else ("--user", "--map-root-user")
_APART = ("unshare", *_USER, "--mount", "--propagation", "private")
_MOUNT = 'mount -t tmpfs -o "size=$2" tmpfs "$1" && echo mounted && exec cat'


class Volume:
    """As much as `size` says (32m), mounted at `directory` for what is started `within` it."""

    def __init__(self, directory: Path, size: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        # It ends with whoever holds its input: also when these tests are killed.
        self._holder = subprocess.Popen(
            [*_APART, "sh", "-c", _MOUNT, "sh", str(directory), size], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"mounted\n", "no volume can be mounted here"

    @property
    def within(self) -> Sequence[str]:
        """What a command begins with to see the volume."""
        user = ("--user", "--preserve-credentials") if _USER else ()
        return ("nsenter", "--target", str(self._holder.pid), *user, "--mount", "--")

    @property
    def _ballast(self) -> Path:
        return Path(f"/proc/{self._holder.pid}/root{self._directory}/ballast")

    def fill(self) -> None:
        """Take all the room that is left."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (_BLOCK, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink()

    def close(self) -> None:
        """Forget what it holds, once nobody is within it."""
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.close()
        self._holder.wait()
        self._holder.stdout.close()


@contextmanager
def volume(directory: Path, size: str) -> Iterator[Volume]:
    """A volume for the length of the block."""
    made = Volume(directory, size)
    try:
        yield made
    finally:
        made.close()


def _possible() -> bool:
    """Whether this machine lets us mount something that nobody else sees, and enter there."""
    command = [*_APART, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


needs_mounts = pytest.mark.skipif(not _possible(), reason="this machine lets nobody mount a volume")
