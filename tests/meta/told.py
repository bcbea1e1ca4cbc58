"""Examples as the pages tell them: definitions, then what arrives and when, then a table of what must happen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.oracle.classify import Raw

ROOT: Final = Path(__file__).resolve().parents[2]
START_MS: Final = 1_767_571_200_000
"""Monday, 2026-01-05T00:00:00Z, from which a page's relative times count."""
SILENT: Final = ", silent"
_NOTHING: Final = "–"
_UNITS_MS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PIECES: Final = re.compile(
    r"^(?:```(?P<kind>\w+)\n(?P<text>.*?)^```|(?P<heading>#+ .*?)$|(?P<table>\| at \|.*?)(?=\n[^|]|\n*\Z))", re.DOTALL | re.MULTILINE
)
_WHAT: Final = re.compile(rf"(?:(?P<who>\S+) )?(?P<way>enters|leaves) `(?P<segment>[a-z0-9_-]+)`(?P<silent>{SILENT})?")
_RELATIVE: Final = re.compile(r"\d+(?:\.\d{1,3})?[dhms](?: \d+(?:\.\d{1,3})?[dhms])*")


@dataclass(frozen=True)
class Happening:
    """One transition, told or seen. ``leaves_at``: None is never; a table without that column, or without ``carries``, does not ask."""

    at: int
    who: str
    way: str
    segment: str
    cause: str
    leaves_at: int | None = None
    carries: Any = None


@dataclass
class Example:
    """One example: its sets of definitions in order, the lines of what arrives, the rows of the table; ``text``: the section so far."""

    name: str
    text: str = ""
    sets: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)

    def records(self) -> list[Raw]:
        """The log of one partition. The first set of definitions is active from the first line on."""
        log = [_activation(read_at(self.lines[0]["at"]), 1), *map(_record, self.lines)]
        return [Raw(offset, raw.append_ms, raw.key, raw.value, raw.headers) for offset, raw in enumerate(log)]

    def expected(self) -> list[Happening]:
        return [_happening(row) for row in self.rows if row["what"] != _NOTHING]

    def asks(self, column: str) -> bool:
        return column in self.rows[0]


def examples(page: str) -> list[Example]:
    """All examples of a page of ``docs``; a block of definitions or of events that belongs to none is an error."""
    found: list[Example] = []
    current = Example("")
    text = (ROOT / "docs" / page).read_text("utf-8")
    begins = 0
    for piece in _PIECES.finditer(text):
        if piece["heading"]:
            assert not current.sets, f"{current.name}: definitions without events and a table"
            current = Example(piece["heading"].lstrip("# "))
            begins = piece.end()
        elif piece["kind"] == "yaml":
            current.sets.append(piece["text"])
        elif piece["kind"] == "jsonl":
            current.lines = list(map(json.loads, piece["text"].splitlines()))
        elif piece["table"]:
            current.rows = list(_rows(piece["table"]))
            assert current.sets, f"{current.name}: a table without definitions"
            assert current.lines, f"{current.name}: a table without events"
            arrivals = [read_at(line["at"]) for line in current.lines]
            assert arrivals == sorted(arrivals), f"{current.name}: lines stand in the order in which they arrive"
            current.text = text[begins : piece.end()]
            found.append(current)
            current = Example(current.name)
    assert not current.sets, f"{current.name}: definitions without events and a table"
    return found


def read_at(text: str) -> int:
    """Absolute milliseconds of ``1h 2m 3.456s`` after the start, or of ISO 8601 with an offset."""
    if _RELATIVE.fullmatch(text):
        return START_MS + sum(_part_ms(part) for part in text.split())
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None, f"{text} is no time: 1h 2m 3.456s, or ISO 8601 with an offset"
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def write_at(at: int) -> str:
    """The relative form, for messages."""
    rest, parts = at - START_MS, []
    for unit in ("d", "h", "m"):
        size, rest = divmod(rest, _UNITS_MS[unit])
        parts += [f"{size}{unit}"] if size else []
    return " ".join([*parts, f"{rest / 1000:g}s"] if rest or not parts else parts)


def _part_ms(part: str) -> int:
    whole, _, fraction = part[:-1].partition(".")
    size = _UNITS_MS[part[-1]]
    return int(whole) * size + int(fraction.ljust(3, "0") or 0) * size // 1_000


def _rows(table: str) -> Iterator[dict[str, str]]:
    head, _, *lines = ([cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines())
    for line in lines:
        yield dict(zip(head, line, strict=True))


def _happening(row: dict[str, str]) -> Happening:
    told = _WHAT.fullmatch(row["what"])
    assert told is not None, row
    cause = row["cause"] + (SILENT if told["silent"] else "")
    leaves_at, carries = row.get("leaves at", ""), row.get("carries", "")
    assert "leaves at" not in row or bool(leaves_at) is (told["way"] == "enters"), f"an entry says when it is left, or never: {row}"
    return Happening(
        read_at(row["at"]),
        told["who"] or "u1",
        told["way"],
        told["segment"],
        cause,
        None if leaves_at in ("", "never") else read_at(leaves_at),
        json.loads(carries.strip("`")) if carries else None,
    )


def _record(line: dict[str, Any]) -> Raw:
    """One line as a record: an event of ``u1`` unless it says otherwise, a change of definitions or of a list, or mere time."""
    at, said = read_at(line["at"]), {key: value for key, value in line.items() if key != "at"}
    match said:
        case {"definitions": int(version)}:
            return _activation(at, version)
        case {"list": str(name)}:
            body = {
                "type": "$list",
                "id": name,
                "version": said.get("version", 1),
                "add": said.get("add", []),
                "remove": said.get("remove", []),
            }
            return _internal(at, "list", body)
        case {"event": _} | {"type": _}:
            body = {
                **({} if "type" in said else {"type": "track"}),
                **({} if "anonymousId" in said or "ids" in said else {"userId": "u1"}),
                **said,
            }
            body["timestamp"] = read_at(said["timestamp"]) if "timestamp" in said else at
            return Raw(0, at, None, json.dumps(body).encode(), [])
        case _:
            assert not said, f"{line} is neither an event nor mere time"
            return _internal(at, "clock", {"type": "$clock"})


def _activation(at: int, version: int) -> Raw:
    return _internal(at, "definitions", {"type": "$definitions", "version": version, "phase": "activate"})


def _internal(at: int, name: str, body: dict[str, Any]) -> Raw:
    return Raw(0, at, None, json.dumps(body).encode(), [("ebbtide-internal", name.encode())])
