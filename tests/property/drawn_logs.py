"""Logs drawn at random, and what a lane does with them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, get_args

from hypothesis import strategies as st

from schemas.definitions.model import Bundle
from tests.corpus.generate import activate, internal, malformed, prepare
from tests.oracle.classify import Raw, partition_of
from tests.oracle.times import write_time
from tests.property.dice import Dice, below
from tests.property.drawn_definitions import DAY, HALF_LIVES, HOUR, SECOND, TEXTS, VALUES, WINDOWS, bundles
from tests.property.drawn_lists import list_record
from tests.property.driver import Fate, Kind, Place, Step

START_MS = 1_764_000_000_000
_AHEAD = (0, 1, 0, 100, 250, 251, 400, 499, 500, SECOND, SECOND + 1, 10 * SECOND)
_JUMPS = (HOUR, HOUR + 1, 7 * DAY, 24 * DAY, 28 * DAY, 51 * DAY, 400 * DAY, -1, -250, -SECOND, -HOUR)
_LATE = (0, 0, 1, 250, 500, SECOND, 2 * SECOND, HOUR, 7 * DAY, 10 * SECOND, 10 * SECOND + 1, 6 * 365 * DAY, -1, -SECOND, -(10**15))
_IDS = ("m0", "m1", "m2", "m3", "m4", "", 7, None)
_NUMBERS = (1, 2, 0.5, -1, 0, 3, 1.0, -2.5, 1e30, 1e291, -1e291, 2**53 + 1, 10**300, True, "1", None)
# Some lie on another day, or in another year, in the zones of the nodes than where they were written. Clocks there skip or repeat some.
_DATES = (
    "2025-11-24", "2025-11-25", "2000-11-24", "1999-11-25T23:30:00-10:00", "2025-11-24T00:30:00+14:00", "2025-11-25T03:59:59.999+08:00",
    "2025-11-24T16:00:00Z", "2025-11-24T16:00:00.500Z", "2025-11-24T16:00:01.0009z", "2025-11-25T00:00:02", "2025-11-24 17:00",
    "2025-11-24T12:30:00,25", "2025-12-01T10:00:00-0330", "1996-02-29T23:59:59-05:00", "2024-02-29", "2011-12-30T12:00", "2025-10-05T02:15",
    "2025-12-31T23:30:00-11:00", "2026-01-01T00:30:00+13", "2025-11-31", "2025-11-24T24:00", "2025-11-24T16:00+24:00",
)  # fmt: skip


@dataclass
class Case:
    """Everything one run of the property needs."""

    place: Place
    bundles: dict[int, Bundle]
    log: list[Raw] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Cases that Hypothesis draws and makes small."""
    return case_of(Dice(lambda number: draw(below(number))))


def case_of(dice: Dice) -> Case:
    """A log, the definitions that it names, and the way of one lane through it."""
    place = Place(0, dice.pick((1, 1, 3)))
    from_the_start = dice.below(6) != 5
    # The empty set of definitions keeps ids for an hour.
    case = Case(place, bundles(dice, 28 * DAY if from_the_start else HOUR))
    now = START_MS
    if from_the_start:
        case.log.append(activate(1, now))
    people = [f"u{n}" for n in range(40) if partition_of(f"user:u{n}", place.partitions) == place.partition][:3]
    while dice.below(40) and len(case.log) < 80:
        now = _next_time(dice, now, case.log)
        case.log.append(_record(dice, now, case, people))
    case.log = [Raw(offset, raw.append_ms, raw.key, raw.value, raw.headers) for offset, raw in enumerate(case.log)]
    while dice.below(10):
        case.steps.append(_step(dice))
    if not dice.below(3):
        case.log = [_marked(dice, raw) for raw in case.log]
    return case


def _marked(dice: Dice, raw: Raw) -> Raw:
    """The record as one of two collectors wrote it, perhaps for the second time; or as somebody else did."""
    if raw.headers or not dice.below(3):
        return raw
    mark = dice.pick((b"collect1", b"collect2")) + dice.below(12).to_bytes(8, "big")
    return replace(raw, headers=[("ebbtide-spool", dice.pick((mark,) * 9 + (mark[:9],)))])


def _next_time(dice: Dice, now: int, log: list[Raw]) -> int:
    """An append time: some way ahead, far ahead or back, or just where something that a record began may end."""
    if not dice.below(10):
        return now + dice.pick(_JUMPS)
    if log and not dice.below(3):
        end = dice.pick(log[-4:]).append_ms + dice.pick((*WINDOWS[:5], *HALF_LIVES[:4])) * dice.pick((1, 1, 2)) + dice.pick((0, 0, 1))
        return max(now, end)
    return now + dice.pick(_AHEAD)


def _step(dice: Dice) -> Step:
    kinds: tuple[Kind, ...] = (
        "read",
        "read",
        "read",
        "read",
        "sweep",
        "sweep",
        "bring",
        "bring",
        "publish",
        "clear",
        "reopen",
        "fill",
        "fill",
    )
    fate: Fate = dice.pick(get_args(Fate)) if dice.flag() else "well"
    return Step(dice.pick(kinds), dice.pick((1, 2, 3, 5, 9, 40)), fate)


def _record(dice: Dice, now: int, case: Case, people: list[str]) -> Raw:
    match dice.pick(
        ("event",) * 30
        + ("list",) * 4
        + ("clock", "clock", "clock", "activate", "activate", "prepare", "prepare", "repeat", "repeat", "malformed", "internal")
    ):
        case "clock":
            return internal("clock", now)
        case "activate":
            return activate(dice.pick((*case.bundles, *case.bundles, 1, 2, 3, 99, -1)), now)
        case "prepare":
            return prepare(dice.pick((*case.bundles, *case.bundles, 1, 2, 3, 99, -1)), now)
        case "list":
            return list_record(dice, now, people)
        case "internal":
            return Raw(0, now, None, dice.pick(_INTERNAL), [("ebbtide-internal", b"definitions")])
        case "repeat" if case.log:
            again = dice.pick(case.log)
            return Raw(0, now, again.key, again.value, again.headers)
        case "malformed":
            return Raw(0, now, None, dice.pick(_malformed()), [])
    return Raw(0, now, None, json.dumps(body(dice, now, _who(dice, people))).encode(), [])


_INTERNAL = (
    None, b"", b"{", b"{}", b"null", b'{"type":"$prepare"}', b'{"type":"$definitions"}', b'{"type":"$definitions","version":1}',
    b'{"type":"$definitions","version":"1","phase":"activate"}', b'{"type":"$definitions","version":true,"phase":"activate"}',
    b'{"type":"$definitions","version":1.5,"phase":"activate"}', b'{"type":"$definitions","version":null,"phase":"activate"}',
    b'{"type":"$definitions","version":1,"phase":"enforce"}', b'{"type":"$definitions","version":2,"phase":"prepare"}',
    b'{"type":"$definitions","version":98,"phase":"prepare"}', b'{"type":"$definitions","version":36893488147419103232,"phase":"activate"}',
)  # fmt: skip


@cache
def _malformed() -> list[bytes | None]:
    return [value for value in malformed(1, 400) if value is None or len(value) < 5_000]


def body(dice: Dice, now: int, who: dict[str, Any]) -> dict[str, Any]:
    """An event that names somebody."""
    kind = dice.pick(("track",) * 10 + ("page", "identify", "identify", "group", "tag", "tag", "untag", "untag", "alias"))
    drawn: dict[str, Any] = {"type": kind} | who
    if kind == "track":
        drawn["event"] = dice.pick(("a", "a", "a", "b", "c", "$page"))
    if dice.flag():
        drawn["id"] = dice.pick(_IDS)
    if dice.below(3):
        at = now - dice.pick(_LATE)
        drawn[dice.pick(("timestamp",) * 4 + ("receivedAt",))] = _written(dice, at)
    if dice.flag():
        drawn["source"] = dice.pick(("app", "web", "", 3))
    if kind in ("tag", "untag"):
        names = ("plain", "other", "family", "family:x", "listed:1", "listed", "plain:x", "nothing", "family:")
        details: tuple[Any, ...] = ({}, {"weight": 2}, {"weight": -0.5}, {"weight": "2"}, None, {"weight": 1e300}, {"weight": 1e30})
        drawn["tags"] = {dice.pick(names): dice.pick(details) for _ in range(dice.pick((1, 2)))}
    if dice.pick((True, True, True, False)):
        drawn["properties"] = _properties(dice)
    if kind == "identify" or dice.below(6) == 5:
        drawn["traits"] = _traits(dice)
    return drawn


def _who(dice: Dice, people: list[str]) -> dict[str, Any]:
    match dice.pick(("known",) * 40 + ("named",) * 4 + ("anonymous", "ids", "ids", "elsewhere", "nobody")):
        case "known":
            return {"userId": dice.pick(people)}
        case "named":
            return {"userId": people[0], "anonymousId": dice.pick(("a1", "a2", "", 5, None))}
        case "anonymous":
            return {"userId": "", "anonymousId": dice.pick(("a1", "a2"))}
        case "ids":
            return {"ids": dice.pick(({"user": people[0]}, {"": "x", "wx": "o1"}, {"wx:1": "o2"}, {"wx": 5}))}
        case "elsewhere":
            return {"userId": dice.pick(("u90", "u91", "u92", "u93"))}
    return {"userId": None}


def _written(dice: Dice, at: int) -> Any:
    form = dice.pick(("integer",) * 30 + ("iso",) * 4 + ("iso finer", "iso finer", "null", "text"))
    if form == "integer" or not 0 <= at < 4 * 10**12:
        return at
    written = write_time(at) or ""
    return {"iso": written, "iso finer": written.replace("Z", "999+00:00"), "null": None}.get(form, "yesterday")


def _properties(dice: Dice) -> Any:
    properties: dict[str, Any] = {}
    for key in dict.fromkeys(dice.pick(("n", "s", "l", "o", "g", "n", "s")) for _ in range(dice.pick((1, 2, 3)))):
        match key:
            case "n":
                properties["n"] = dice.pick(_NUMBERS)
            case "s":
                properties["s"] = dice.pick((*TEXTS, "x", "x", "", 1, 1.0, -1, 10**256, 10**255, None, "z" * 256, "z" * 257, "a:b"))
            case "l":
                properties["l"] = [dice.pick(VALUES) for _ in range(dice.pick((1, 2, 3, 0)))]
            case "o":
                properties["o"] = dice.pick(({"x": 1}, {"x": None}, [{"x": 1}, {"x": "x"}], {"x": 2.5}, [], "x"))
            case _:
                properties["g"] = dice.pick(VALUES)
    return properties


def _traits(dice: Dice) -> dict[str, Any]:
    keys = dict.fromkeys(dice.pick(("city", "level", "list", "deep", "since", "consent")) for _ in range(dice.pick((1, 2))))
    return {key: _trait(dice, key) for key in keys}


def _trait(dice: Dice, key: str) -> Any:
    if key == "consent" and dice.below(6):
        purposes = dict.fromkeys(dice.pick(("analytics", "marketing")) for _ in range(dice.pick((1, 2, 2, 0))))
        return {purpose: dice.pick((True, True, False, None, "true")) for purpose in purposes}
    value = dice.pick((*VALUES, *_DATES))
    return {"deep": {"x": value}, "list": [value, dice.pick(_DATES)] if dice.flag() else value}.get(key, value)
