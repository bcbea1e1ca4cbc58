"""Reads a folder of definition files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.definitions.parse import MAXIMUM_FILE_BYTES, Definitions, parse_files
from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES: Final = (".yaml", ".yml", ".json")
MAXIMUM_FILES: Final = 1_000


def load_folder(path: Path) -> Definitions:
    """The checked definitions of a folder. Raises Misconfigured, and DefinitionFaults with all faults."""
    return parse_files(read_folder(path))


def read_folder(path: Path) -> dict[str, str]:
    """File name (under ``path`` as given, so that a fault leads to it) → text. Hidden files and folders within are not read.

    Raises Misconfigured if the folder is missing or empty, or a file cannot be read as UTF-8.
    """
    try:
        found = sorted(entry for entry in path.iterdir() if entry.suffix in SUFFIXES and not entry.name.startswith(".") and entry.is_file())
    except OSError as error:
        raise Misconfigured(f"definitions: found no folder that can be read at {path}, expected a folder ({error.strerror})") from error
    if not found:
        raise Misconfigured(f"definitions: found no file in {path}, expected files that end in {', '.join(SUFFIXES)}")
    if len(found) > MAXIMUM_FILES:
        raise Misconfigured(f"definitions: found {len(found)} files in {path}, expected at most {MAXIMUM_FILES}")
    return {str(file): _read(file) for file in found}


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAXIMUM_FILE_BYTES + 1)
    except OSError as error:
        raise Misconfigured(f"{file}: found a file that cannot be read, expected one that can ({error.strerror})") from error
    if len(data) > MAXIMUM_FILE_BYTES:
        raise Misconfigured(f"{file}: found more than {MAXIMUM_FILE_BYTES} bytes, expected less, in several files if need be")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Misconfigured(f"{file}:{line}: found bytes that are not UTF-8, expected UTF-8") from error
