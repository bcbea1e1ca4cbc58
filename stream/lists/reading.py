"""A file of persons: one id a line, or CSV with a header. Read line by line, with the number of each line that cannot be taken."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from schemas.definitions.fault import near_match
from schemas.errors import EbbtideError

COLUMNS: Final = ("id", "person")
ID_CHARACTERS_MAX: Final = 512
_LINE_BYTES_MAX: Final = 65_536
_SHOWN_CHARACTERS: Final = 60


class UnreadableFile(EbbtideError):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that names nobody; ``text`` says what was found and what is expected."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is read. ``column``: of a CSV file; None: the first that is there of ``COLUMNS``. ``namespace``: of ids without one."""

    is_csv: bool = False
    column: str | None = None
    namespace: str = "user"


def read_ids(file: BinaryIO, form: Format) -> Iterator[str | Fault]:
    """The routing ids that the file names, and its faults. Empty lines name nobody.

    Raises:
        UnreadableFile: no column holds ids, or a line is no CSV.
    """
    for line, text in _cells(file, form) if form.is_csv else _lines(file):
        if isinstance(text, Fault):
            yield text
            continue
        person = text.strip()
        if not person and not form.is_csv:
            continue
        if wrong := _wrong(person):
            yield Fault(line, wrong)
        else:
            yield _routed(person, line, form.namespace)


def _routed(person: str, line: int, namespace: str) -> str | Fault:
    """What has a colon is taken as it is: ``user:42``, ``wx:app:openid``."""
    if ":" not in person:
        return f"{namespace}:{person}"
    if ":" in person[1:-1]:
        return person
    return Fault(line, f"found {_shown(person)}, expected an id on both sides of the colon, as in user:42")


def _wrong(person: str) -> str | None:
    if not person:
        return "found nothing, expected an id"
    if len(person) > ID_CHARACTERS_MAX:
        return f"found {len(person)} characters, expected an id of at most {ID_CHARACTERS_MAX}"
    if any(letter < " " or letter == "\x7f" for letter in person):
        return f"found {_shown(person)}, expected an id without control characters"
    return None


def _lines(file: BinaryIO) -> Iterator[tuple[int, str | Fault]]:
    number = 0
    while raw := file.readline(_LINE_BYTES_MAX + 1):
        number += 1
        if len(raw) > _LINE_BYTES_MAX:
            raise UnreadableFile(f"line {number}: longer than {_LINE_BYTES_MAX} bytes; is it a file of ids, one a line?")
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield number, Fault(number, "found bytes that are not UTF-8, expected text in UTF-8")


def _cells(file: BinaryIO, form: Format) -> Iterator[tuple[int, str | Fault]]:
    rows = csv.reader(_texts(file), strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        place = _place(header, form.column)
        before = rows.line_num
        for row in rows:
            line, before = before + 1, rows.line_num
            if row:
                yield line, row[place] if len(row) > place else Fault(line, f"found {len(row)} columns, expected {len(header)}")
    except csv.Error as error:
        raise UnreadableFile(f"line {rows.line_num}: found no CSV ({error})") from None


def _texts(file: BinaryIO) -> Iterator[str]:
    for _, text in _lines(file):
        if isinstance(text, Fault):
            raise UnreadableFile(f"line {text.line}: {text.text}")
        yield text


def _place(header: list[str], column: str | None) -> int:
    for name in COLUMNS if column is None else (column,):
        if name in header:
            return header.index(name)
    found = ", ".join(map(_shown, header)) or "nothing"
    if column is None:
        raise UnreadableFile(f"line 1: found {found}, expected a column id or person; --column names another")
    near = near_match(column, header)
    hint = f"; did you mean {_shown(near)}?" if near else ""
    raise UnreadableFile(f"line 1: found {found}, expected a column {_shown(column)}{hint}")


def _shown(text: str) -> str:
    """A text from a stranger's file, cut, with control characters shown and not sent to the terminal."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
