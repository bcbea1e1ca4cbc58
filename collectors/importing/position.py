"""How far a file has been imported, kept beside it, so that whoever goes on neither skips nor repeats a line.

``FILE.import.json`` is written anew after each batch, whole or not at all. It says behind which record all is in, and at which
offsets the log ended then: what of the next batch got in before a kill is found there by the lines that its records name.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import orjson

from collectors.importing.errors import UnreadableFile

_HEAD_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Position:
    """``offset`` and ``line``: of the next record. ``ends``: of the log's partitions, as text, as far as this is known.

    ``head`` is a hash of the first ``head_bytes`` of the file and of how it is read.
    """

    run: str
    head: str
    head_bytes: int
    offset: int = 0
    line: int = 1
    accepted: int = 0
    refused: int = 0
    refused_bytes: int = 0
    done: bool = False
    ends: dict[str, int] = field(default_factory=dict)


def place_of(path: Path) -> Path:
    """Where the position of a file is kept."""
    return path.with_name(f"{path.name}.import.json")


def started(path: Path, how: str) -> Position:
    """The position of an import that begins. ``how``: all that decides what a line becomes."""
    head_bytes = min(path.stat().st_size, _HEAD_BYTES)
    return Position(secrets.token_hex(8), _head(path, head_bytes, how), head_bytes)


def kept(path: Path, how: str) -> Position | None:
    """Where the last run of this file got to; None if there was none.

    Raises:
        UnreadableFile: the file, or how it is to be read, is not as it was then; or what is kept is broken.
    """
    place = place_of(path)
    if not place.exists():
        return None
    try:
        found = Position(**orjson.loads(place.read_bytes()))
    except (orjson.JSONDecodeError, TypeError):
        raise UnreadableFile(f"{place} is not what an import writes; --again imports the file from its start") from None
    if _head(path, found.head_bytes, how) != found.head:
        raise UnreadableFile(f"{path} or the options are not what they were when {place} was written; --again imports it from its start")
    return found


def keep(path: Path, position: Position) -> None:
    """Write the position, so that it is there whole whatever happens."""
    place = place_of(path)
    coming = place.with_name(f"{place.name}.coming")
    with coming.open("wb") as file:
        file.write(orjson.dumps(asdict(position)))
        file.flush()
        os.fsync(file.fileno())
    coming.replace(place)


def further(position: Position, **changes: object) -> Position:
    """The position with some of it changed."""
    return replace(position, **changes)  # type: ignore[arg-type]


def _head(path: Path, size: int, how: str) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(how.encode() + b"\0" + file.read(size)).hexdigest()
