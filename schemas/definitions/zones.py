"""Reads zones of the tz database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import available_timezones

from schemas.definitions.fault import near_match

if TYPE_CHECKING:
    from schemas.definitions.view import View

# What "localtime" means is a matter of the machine, and a replay may run on another one.
_NO_ZONES: Final = frozenset({"localtime", "Factory"})


def read_zone(view: View) -> str:
    """The name of a zone that exists."""
    text = view.text("a zone of the tz database, such as Asia/Shanghai")
    if text and text not in _zones():
        view.fault("a zone of the tz database, such as Asia/Shanghai", near=near_match(text, _zones()))
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_ZONES
