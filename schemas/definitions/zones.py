"""Zones of the tz database, from the pinned package ``tzdata`` and never from the system: every host must replay alike."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from schemas.definitions.fault import near_match
from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from schemas.definitions.view import View

_DATABASE: Final = "tzdata"
# A name for a machine that nobody has told where it is.
_NO_ZONES: Final = frozenset({"Factory"})


def read_zone(view: View) -> str:
    """The name of a zone that exists."""
    text = view.text("a zone of the tz database, such as Asia/Shanghai")
    if text and text not in _names():
        view.fault("a zone of the tz database, such as Asia/Shanghai", near=near_match(text, _names()))
    return text


@cache
def zone_named(name: str) -> ZoneInfo:
    """The rules of a zone, read once: a set of definitions is compiled before its first event, and asks for the zones that it names.

    Raises:
        Misconfigured: the set was applied where the database has a zone that it does not have here.
    """
    if name not in _names():
        raise Misconfigured(
            f"the definitions name the zone {name!r}, which {_DATABASE} {version(_DATABASE)} does not have; "
            f"install the {_DATABASE} of the host that applied them"
        )
    with files(_DATABASE).joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


@cache
def _names() -> frozenset[str]:
    return frozenset(files(_DATABASE).joinpath("zones").read_text(encoding="utf-8").split()) - _NO_ZONES
