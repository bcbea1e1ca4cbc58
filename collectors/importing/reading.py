"""A file cut into its records, each with where it ends, so that reading can begin again behind any of them.

A record of JSON is one line. A record of CSV may have line ends between quotes: it goes on while the number of quotes is odd.
Never more than one record is held, and of one that is over the limit only that it was there.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from collectors.importing.errors import UnreadableFile

RECORD_BYTES_MAX: Final = 65_536
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the number of its first line, the offset behind it, its bytes (None: too long), the number of lines it takes."""

    line: int
    end: int
    text: bytes | None
    lines: int = 1


def open_plain(path: Path) -> BinaryIO:
    """The file, unpacked if it ends in .gz. Offsets are those of what is unpacked."""
    return cast(BinaryIO, gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def records(file: BinaryIO, *, is_csv: bool, offset: int = 0, line: int = 1) -> Iterator[Record]:
    """The records from an offset on, which is the start of this line. Empty lines are none.

    Raises:
        UnreadableFile: a line of CSV is too long or its quote never closed, or the file cannot be unpacked.
    """
    file.seek(offset)
    while True:
        try:
            found = _next(file, is_csv=is_csv, offset=offset, line=line)
        except (OSError, EOFError) as error:
            raise UnreadableFile(f"line {line}: the file cannot be read on ({error})") from None
        if found is None:
            return
        offset, line = found.end, line + found.lines
        if found.text is None or found.text.strip():
            yield found


def _next(file: BinaryIO, *, is_csv: bool, offset: int, line: int) -> Record | None:
    text = file.readline(RECORD_BYTES_MAX + 1)
    if not text:
        return None
    if len(text) > RECORD_BYTES_MAX and is_csv:
        raise UnreadableFile(f"line {line}: longer than {RECORD_BYTES_MAX} bytes, so where it ends depends on quotes that are not held")
    if len(text) > RECORD_BYTES_MAX:
        return Record(line, offset + len(text) + _skip_line(file, text), None)
    lines = 1
    while is_csv and text.count(b'"') % 2:
        more = file.readline(RECORD_BYTES_MAX + 1)
        text += more
        lines += 1
        if not more or len(text) > RECORD_BYTES_MAX:
            raise UnreadableFile(f"line {line}: found a quote that is not closed within {RECORD_BYTES_MAX} bytes")
    return Record(line, offset + len(text), text.removeprefix(_BOM) if offset == 0 else text, lines)


def _skip_line(file: BinaryIO, text: bytes) -> int:
    skipped = 0
    while not text.endswith(b"\n"):
        text = file.readline(RECORD_BYTES_MAX)
        if not text:
            break
        skipped += len(text)
    return skipped
