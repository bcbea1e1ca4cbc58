"""One thing wrong in a definition, told so that a person can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_COMPARED: Final = 128


@dataclass(frozen=True, slots=True)
class Fault:
    """Where (``line`` counts from 1), what was found there, what was expected, and a known word close to what was found."""

    file: str
    line: int
    path: str
    found: str
    expected: str
    near_match: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: {self.path}" if self.path else f"{self.file}:{self.line}"
        hint = f"; did you mean {self.near_match!r}?" if self.near_match else ""
        return _on_one_line(f"{where}: found {self.found}, expected {self.expected}{hint}")


def _on_one_line(text: str) -> str:
    """Keys and file names may hold line breaks and control characters: they are shown as Python writes them."""
    return text if text.isprintable() else "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def near_match(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` most likely meant, or None."""
    if len(word) > _LONGEST_COMPARED:
        return None
    by_lower = {other.lower(): other for other in known}
    close = get_close_matches(word.lower(), list(by_lower), n=1)
    return by_lower[close[0]] if close else None


def one_of(words: Iterable[str]) -> str:
    """``one of a, b, c`` for the text of a fault."""
    return "one of " + ", ".join(words)
