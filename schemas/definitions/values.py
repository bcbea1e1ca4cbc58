"""Readers of single values: ids, durations, paths, names of events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from schemas.definitions.duration import parse_duration
from schemas.definitions.fault import near_match, one_of
from schemas.definitions.language import EVENT_FIELDS, ID_PATTERN, VARIABLE_PATTERN
from schemas.definitions.nodes import Listing
from schemas.definitions.path import Each, parse_path

if TYPE_CHECKING:
    from schemas.definitions.view import View

LONGEST_MS: Final = 36_500 * 86_400_000
_ID: Final = re.compile(ID_PATTERN)
_VARIABLE: Final = re.compile(VARIABLE_PATTERN)


def read_id(view: View) -> str:
    """An id of a tag, rule, segment, sender or source."""
    value = view.scalar()
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    if not view.unreadable:
        view.fault("an id: a small letter, then at most 63 small letters, digits, _ or -")
    return ""


def read_variable(view: View) -> str:
    """The name of an environment variable that holds a secret. What else stands there is not repeated: it may be the secret."""
    text = view.text("the name of an environment variable")
    if text and not _VARIABLE.fullmatch(text):
        view.fault("the name of an environment variable (the secret itself never stands in a definition)", "another text")
    return text


def read_duration(view: View, longest_ms: int = LONGEST_MS, least_ms: int = 1) -> int:
    """Whole milliseconds, from ``least_ms`` (0 or 1) to ``longest_ms``."""
    value = view.scalar()
    milliseconds = parse_duration(value) if isinstance(value, str) else None
    if milliseconds is None:
        if not view.unreadable:
            view.fault("a duration: one whole number and one unit, such as 500ms, 30s, 5m, 2h, 7d or 4w")
        return 1
    if not least_ms <= milliseconds <= longest_ms:
        view.fault(f"a duration {'longer than 0 and ' if least_ms else ''}at most {longest_ms // 86_400_000}d")
    return milliseconds


def read_whole(view: View, least: int, most: int) -> int:
    """A whole number from ``least`` to ``most``."""
    value = view.scalar()
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most and value == int(value):
        return int(value)
    if not view.unreadable:
        view.fault(f"a whole number from {least} to {most}")
    return least


def read_path(view: View) -> str:
    """A path; ``[]`` is any element of a list."""
    text = view.text("a path such as properties.price")
    if text:
        check_path(view, text)
    return text


def read_event_path(view: View) -> str:
    """A path from an event's root."""
    text = view.text("a path such as properties.price")
    if text:
        check_event_path(view, text)
    return text


def check_path(view: View, text: str, line: int | None = None) -> tuple[str | Each, ...]:
    """The steps of a path; tells what is wrong with it."""
    try:
        return parse_path(text)
    except ValueError as error:
        view.fault(str(error), repr(text), line=line)
        return ()


def check_event_path(view: View, text: str, line: int | None = None) -> None:
    """Tell what is wrong with a path from an event's root. One that begins with no field of an event finds nothing, ever."""
    steps = check_path(view, text, line)
    if steps and steps[0] not in EVENT_FIELDS:
        near = near_match(str(steps[0]), EVENT_FIELDS) or f"properties.{text}"
        view.fault(f"a path that begins with {one_of(EVENT_FIELDS)}", repr(text), near, line)


def read_trait_path(view: View) -> str:
    """A path into a person's traits that leads to one place."""
    text = read_path(view)
    return _without_each(view, text)


def read_single_event_path(view: View) -> str:
    """A path from an event's root that leads to one place."""
    text = read_event_path(view)
    return _without_each(view, text)


def _without_each(view: View, text: str) -> str:
    if text.endswith("[]") or "[]." in text:
        view.fault("a path without []")
    return text


def read_names(view: View) -> tuple[str, ...]:
    """The name of an event, or a list of names."""
    if not isinstance(view.node, Listing):
        return (view.text("the name of an event, or a list of names"),)
    items = view.items()
    if not items:
        view.fault("at least one name of an event")
    return tuple(dict.fromkeys(item.text("the name of an event") for item in items))
