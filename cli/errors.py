"""What can go wrong on the command line, said in one line, with the exit code a program can act on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL = 3  # done, except for what was refused
    UNREACHABLE = 4
    CONFLICT = 5
    SETTINGS = 78


class CliError(Exception):
    """A foreseeable fault: `message` says what is wrong, `hint` how to mend it, without personal data."""

    def __init__(self, message: str, hint: str = "", code: ExitCode = ExitCode.FAILURE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message
