"""A file system of one's own, in a mount namespace: what is written stays in a layer, the machine is not touched.

The base image cannot be had without a registry. In its place stands this machine's own system, with the Python that
runs this at /usr/local, where the official image has it. That proves the steps, not the libraries of the base.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_BUILDER = ("PIP_", "SSL_", "REQUESTS_", *_PROXIES, *(name.upper() for name in _PROXIES))
_DEVICES = ("null", "zero", "full", "random", "urandom")


class Root:
    """An overlay on this machine's system under `place`; what is written lands in `layer`."""

    def __init__(self, place: Path) -> None:
        self.layer, self.path, work = place / "layer", place / "root", place / "work"
        for directory in (self.layer, self.path, work):
            directory.mkdir(parents=True)
        _mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={self.layer},workdir={work}", str(self.path))
        _mount("-t", "proc", "proc", str(self.path / "proc"))
        _mount("-t", "tmpfs", "tmpfs", str(self.path / "dev"))
        for name in _DEVICES:
            (self.path / "dev" / name).touch()
            _mount("--bind", f"/dev/{name}", str(self.path / "dev" / name))
        self._python = Path(sys.base_prefix)
        _mount("--bind", str(self._python), str(self.path / "usr/local"))
        _mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(self.path / "tmp"))

    def bind(self, source: Path, target: str) -> None:
        """Show a file of the machine at `target`."""
        inside = self.path / target.lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.touch()
        _mount("--bind", str(source), str(inside))

    def forbid_writing(self) -> None:
        """From now on only /tmp can be written to."""
        for directory in ("", "dev", "usr/local"):
            _mount("-o", "remount,bind,ro", str(self.path / directory))

    def copy(self, sources: Sequence[Path], target: str) -> None:
        """What COPY does: files into a directory, or one directory's content as `target`."""
        inside = self.path / target.lstrip("/")
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, inside, symlinks=True, dirs_exist_ok=True, ignore=_not_ours)
            else:
                inside.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, inside / source.name)

    def run(self, script: str, environment: Mapping[str, str], directory: str) -> None:
        """Run a shell line as RUN does, with the settings of the machine that builds. Raises CalledProcessError."""
        (self.path / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        ours = {name: value for name, value in os.environ.items() if name.startswith(_BUILDER)}
        base = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", "LD_LIBRARY_PATH": "/usr/local/lib"}
        words = [*self._enter(), "/bin/sh", "-c", f"cd {directory} && {script}"]
        subprocess.run(words, env={**base, **ours, **environment}, check=True)

    def start(
        self, words: Sequence[str], environment: Mapping[str, str], user: str, output: Path
    ) -> subprocess.Popen[bytes]:
        """Start a program as a container would: as `user`, nothing else in its environment, the first of its pids."""
        uid, gid = user.split(":")
        base = {"LD_LIBRARY_PATH": "/usr/local/lib"}  # of this machine's Python, see above
        with output.open("wb") as file:
            return subprocess.Popen(
                [
                    *(_tool("unshare"), "--pid", "--fork", "--kill-child"),
                    *self._enter(),
                    *("/usr/bin/setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"),
                    *("--no-new-privs", "--bounding-set=-all", "/usr/bin/env", "--chdir=/tmp", *words),
                ],
                env={**base, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def close(self) -> None:
        """Take the mounts away, so that the layers can be removed."""
        subprocess.run(["umount", "--recursive", str(self.path)], check=True)

    def _enter(self) -> list[str]:
        return [_tool("chroot"), str(self.path)]


def _tool(name: str) -> str:
    """Its full path: the image's own PATH knows nothing of this machine's tools."""
    return shutil.which(name) or name


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _not_ours(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]
