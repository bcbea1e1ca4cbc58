r"""Paths into an event or a person's traits: ``properties.items[].price``; ``\.`` is a dot in a key."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Each(Enum):
    """``[]``: any element of the list that stands here."""

    EACH = "[]"


EACH: Final = Each.EACH
_ESCAPED: Final = frozenset(".\\[]")


def parse_path(text: str) -> tuple[str | Each, ...]:
    r"""The keys of a path, with ``EACH`` after a key whose value is a list.

    ``\.``, ``\[``, ``\]`` and ``\\`` stand for the character itself. Raises ValueError that says what a path must be.
    """
    steps: list[str | Each] = []
    for part in _split(text):
        key, each = _key(part)
        if not key:
            raise ValueError("a path of keys that are not empty, such as properties.price")
        steps.append(key)
        steps.extend([EACH] * each)
    return tuple(steps)


def quote_key(key: str) -> str:
    """``key`` as it stands in a path."""
    return "".join(f"\\{character}" if character in _ESCAPED else character for character in key)


def _split(text: str) -> list[str]:
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == ".":
            parts.append(text[start:at])
            start = at + 1
        at += 2 if text[at] == "\\" else 1
    parts.append(text[start:])
    return parts


def _key(part: str) -> tuple[str, int]:
    """The key without escapes, and how many ``[]`` follow it."""
    key, at = "", 0
    while at < len(part) and part[at] not in "[]":
        if part[at] == "\\":
            at += 1
            if part[at : at + 1] not in _ESCAPED:
                raise ValueError("a backslash only before a dot, a bracket or a backslash")
        key += part[at]
        at += 1
    rest = part[at:]
    if rest != "[]" * (len(rest) // 2):
        raise ValueError(r"brackets only as [] after a key (\[ is a bracket in a key)")
    return key, len(rest) // 2
