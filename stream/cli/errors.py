"""From an error to what the command line says and the code it exits with: one table."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final, NoReturn

from schemas.errors import DefinitionFaults, EbbtideError, Misconfigured, Unavailable

FAILED: Final = 1
WRONG_USE: Final = 2
INTERRUPTED: Final = 130
_EXIT_CODES: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (DefinitionFaults, FAILED),
    (Misconfigured, WRONG_USE),
    (EbbtideError, FAILED),
    (KeyboardInterrupt, INTERRUPTED),
)


class Failed(EbbtideError):
    """A command could not do what it was asked; the text says what to do next."""


def exit_code(error: BaseException) -> int:
    """The code for an error: the first class in the table that fits, 1 for all others."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), FAILED)


def in_words(error: BaseException) -> str:
    """One or two plain lines, with what to do next."""
    if isinstance(error, DefinitionFaults):
        count = len(error.faults)
        return f"{error}\n{count} fault{'' if count == 1 else 's'}: nothing was applied"
    if isinstance(error, Unavailable):
        return f"{error}\nIs it running, and where the settings say? `ebbtide doctor` looks; EBBTIDE_KAFKA and EBBTIDE_REDIS say where."
    if isinstance(error, EbbtideError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    if type(error).__module__.startswith("aiokafka"):
        return f"Kafka did not do as asked: {str(error) or type(error).__name__}\n`ebbtide doctor` looks at broker, topics and settings."
    if type(error).__module__.startswith(("redis", "hiredis")):
        return f"Redis did not do as asked: {error}\n`ebbtide doctor` looks at it; EBBTIDE_REDIS says where it is."
    return f"{type(error).__name__}: {error}\nThis is not foreseen; EBBTIDE_LOG_LEVEL=debug shows where it happened."


def leave(error: BaseException) -> NoReturn:
    """Say what is wrong on stderr and exit; with EBBTIDE_LOG_LEVEL=debug the traceback comes first."""
    if os.environ.get("EBBTIDE_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error, file=sys.stderr)
    sys.stderr.write(f"ebbtide: {in_words(error)}\n")
    raise SystemExit(exit_code(error))
