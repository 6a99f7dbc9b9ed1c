"""Holds a program at its start line: `python -m benchmarks.launch MODULE PRELOAD...`.

Imports are done first, `ready` is printed, and MODULE runs as `python -m MODULE` would once a line
arrives on stdin. So nobody is measured on how long Python takes to import.
"""

import importlib
import os
import runpy
import sys


def main() -> None:
    """Import, wait for the signal, run."""
    module, *preload = sys.argv[1:]
    for name in preload:
        importlib.import_module(name)
    sys.argv = [module]
    print("ready", flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads our stdout from here on
    if not sys.stdin.readline():
        return  # whoever would have given the signal is gone
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
