"""Printing: tables for people, one JSON object a line for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from schemas.json_text import to_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH_OF_PIPES: Final = 160


def print_json(value: Any) -> None:
    """One line of JSON on stdout, written at once."""
    sys.stdout.buffer.write(to_json(value) + b"\n") if hasattr(sys.stdout, "buffer") else sys.stdout.write(to_json(value).decode() + "\n")
    sys.stdout.flush()


def console(*, error: bool = False) -> Console:
    """Where text for people goes. Markup is off: ids and properties come from strangers."""
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second that JSON need not pay

    made = Console(stderr=error, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = _WIDTH_OF_PIPES
    return made


def table(*columns: str, title: str | None = None, right: Iterable[str] = ()) -> Table:
    """An empty table in the house's style; ``right`` names the columns with numbers."""
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    numbers = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def plain(text: Any) -> str:
    """Text that came from outside, with control characters shown and not sent to the terminal."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in str(text))


def when(milliseconds: int | None, now_ms: int | None = None) -> str:
    """A time for people in UTC, and how far from now it is; a dash for none."""
    if milliseconds is None:
        return "–"
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    text = moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milliseconds % 1000:03d}"
    return text if now_ms is None else f"{text} ({distance(milliseconds - now_ms)})"


def distance(milliseconds: int) -> str:
    """``in 8.4 s``, ``3 min ago``."""
    size = abs(milliseconds)
    for unit, one in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if size >= 2 * one:
            amount = f"{size / one:.0f} {unit}"
            break
    else:
        amount = f"{size / 1000:.1f} s"
    return f"in {amount}" if milliseconds > 0 else f"{amount} ago"


def number(value: float) -> str:
    """A number with four significant digits after the point at most, thousands apart."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}".replace(",", " ")
    return f"{value:.4g}"


def pairs(values: Mapping[str, Any]) -> str:
    """``a 1 · b 2``."""
    return " · ".join(f"{name} {value}" for name, value in values.items())
