"""People drawn at random who turn out to be the same: several partitions, whatever names whom, and lanes that lose their memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from hypothesis import strategies as st

from schemas.definitions.bundle import next_bundle
from schemas.definitions.identity_model import IdentityRules
from schemas.definitions.leaf import walk
from schemas.definitions.model import AtMost, Bundle, Segment, SegmentNode
from schemas.definitions.parse import Definitions
from schemas.internal import CLOCK_HEADERS, CLOCK_VALUE, DEFINITIONS_HEADERS, definitions_value
from segments.fill import fill_of
from stream.kafka.port import Message
from tests.oracle.classify import partition_of
from tests.oracle.naming import Names
from tests.property.dice import Dice, below
from tests.property.drawn_definitions import DAY, HOUR, SECOND, bundles
from tests.property.drawn_logs import START_MS, body
from tests.property.driver import Fate, Kind, Step
from tests.property.lanes import Deployment, Turn

SECRET = b"pepper"
_AHEAD = (0, 1, 0, 30, 100, 250, 251, 400, 499, 500, SECOND, SECOND + 1)
_JUMPS = (HOUR, HOUR + 1, DAY, 7 * DAY, 7 * DAY + 1, 28 * DAY)
_KINDS: tuple[Kind, ...] = ("read", "read", "read", "read", "publish", "publish", "publish", "sweep", "bring", "clear", "reopen")
_POOLS = {"wx_unionid": 3, "wx_openid:w1": 3, "phone": 4, "email": 3, "device": 2, "crm": 2, "anon": 3, "user": 3}


@dataclass
class WhoCase:
    """``turns``: each with the milliseconds that pass before it."""

    partitions: int
    bundles: dict[int, Bundle]
    turns: list[tuple[int, Turn]] = field(default_factory=list)

    def played(self) -> Deployment:
        """The deployment after all turns, with nothing left to do."""
        deployment = Deployment(self.partitions, self.bundles, START_MS, SECRET)
        deployment.activate(1)
        for ahead_ms, turn in self.turns:
            deployment.now_ms += ahead_ms
            deployment.turn(turn)
        deployment.finish()
        return deployment


@dataclass(frozen=True)
class Taste:
    """What kind of case is drawn. ``aliases``: of a hundred events; ``jumps``: time may leap; ``versions``: definitions may change;
    ``plain``: every event is one view, and has an id of its own.
    """

    aliases: int = 15
    jumps: bool = True
    versions: bool = True
    plain: bool = False
    most_turns: int = 40


@st.composite
def who_cases(draw: st.DrawFn, taste: Taste = Taste(most_turns=25)) -> WhoCase:
    """Cases that Hypothesis draws and makes small."""
    return who_case_of(Dice(lambda number: draw(below(number))), taste)


def who_case_of(dice: Dice, taste: Taste, bundle: Bundle | None = None) -> WhoCase:
    """A case, under the given definitions or drawn ones."""
    first = bundles(dice, 28 * DAY)[1] if bundle is None else bundle
    first = replace(first, identity=_rules(dice))
    versions = {0: Bundle(), 1: first}
    if taste.versions:
        _add_versions(dice, versions)
    case = WhoCase(dice.pick((3, 2, 1, 4)), versions)
    reached = [1] * case.partitions
    now = START_MS
    for _ in range(dice.below(taste.most_turns) + 1):
        ahead = dice.pick(_JUMPS) if taste.jumps and not dice.below(25) else dice.pick(_AHEAD)
        now += ahead
        case.turns += [(0, _step(dice, case.partitions)) for _ in range(dice.pick((0, 1, 2, 3)))]
        case.turns += [(ahead, turn) for turn in _appended(dice, now, case, reached, taste)][:1]
    return case


def _rules(dice: Dice) -> IdentityRules:
    rules = IdentityRules()
    if dice.below(3) < 2:
        return rules
    changes: dict[str, dict[str, Any]] = {}
    if dice.flag():
        changes["phone"] = {"limit": dice.pick((1, 2)), "hashed": dice.flag()}
    if dice.flag():
        changes["anon"] = {"limit": dice.pick((1, 2)), "hashed": dice.flag()}
    namespaces = tuple(replace(one, **changes.get(one.id, {})) for one in rules.namespaces)
    return replace(rules, namespaces=namespaces, blocked=(*rules.blocked, "o2"), ids_max=dice.pick((200, 200, 3, 5)))


def _add_versions(dice: Dice, versions: dict[int, Bundle]) -> None:
    """Versions that need nothing from before them."""
    for _ in range(dice.pick((0, 0, 1, 2))):
        last = versions[max(versions)]
        named = {node.segment for segment in last.segments for node in walk(segment.when) if isinstance(node, SegmentNode)}
        segments = [_changed(dice, one) for one in last.segments if one.id in named or dice.below(4)]
        settings = replace(last.settings, dedupe_ms=dice.pick([one for one in (HOUR, SECOND, 500, DAY) if one <= last.settings.dedupe_ms]))
        definitions = Definitions(settings, last.tags, tuple(segments), (), last.sources)
        identity = last.identity
        if dice.flag():
            identity = replace(identity, blocked=(*identity.blocked, dice.pick(("u1", "a1", "p1"))))
        bundle = replace(next_bundle(last, definitions, silent=dice.flag()), identity=identity)
        if fill_of(last, bundle).is_empty:
            versions[bundle.version] = bundle


def _changed(dice: Dice, segment: Segment) -> Segment:
    match dice.below(6):
        case 3:
            return replace(segment, paused=not segment.paused)
        case 4:
            return replace(segment, at_most=AtMost(dice.pick((1, 2)), dice.pick((SECOND, HOUR))))
        case 5:
            return replace(segment, at_most=None)
    return segment


def _step(dice: Dice, partitions: int) -> Turn:
    fate: Fate = dice.pick(get_args(Fate)) if not dice.below(4) else "well"
    return Turn(dice.below(partitions), Step(dice.pick(_KINDS), dice.pick((1, 2, 3, 5)), fate))


def _appended(dice: Dice, now: int, case: WhoCase, reached: list[int], taste: Taste) -> Sequence[Turn]:
    """What comes to some log: nearly always an event."""
    what = dice.below(30)
    partition = dice.below(case.partitions)
    if what == 28 or (what == 27 and reached[partition] == max(case.bundles)):
        return [Turn(partition, None, Message(None, CLOCK_VALUE, CLOCK_HEADERS))]
    if what == 27:
        reached[partition] += 1
        return [Turn(partition, None, Message(None, definitions_value(reached[partition], "activate"), DEFINITIONS_HEADERS))]
    before = [turn for _, turn in case.turns if turn.message is not None and not turn.message.headers]
    if what == 29 and before:
        return [dice.pick(before)]
    who = _who(dice, taste)
    event = {"type": "track", "event": "view", "id": f"m{len(case.turns)}"} | who if taste.plain else body(dice, now, who)
    if event.get("id") and not taste.plain:
        event["id"] = f"m{dice.below(12)}"
    names = Names(case.bundles[1].identity, SECRET).stated(event)
    if dice.below(10) and names:
        partition = partition_of(names[0], case.partitions)
    return [Turn(partition, None, Message(b"key", json.dumps(event).encode(), ()))]


def _who(dice: Dice, taste: Taste) -> dict[str, Any]:
    who: dict[str, Any] = {}
    if dice.below(100) < taste.aliases:
        who |= {"type": "alias", "userId": f"u{dice.below(4)}"}
        previous = f"{dice.pick(('u', 'u', 'a'))}{dice.below(4)}"
        who |= {"previousId": previous} if dice.flag() else {"properties": {"previousId": previous}}
    if dice.below(5) < 2:
        who["userId"] = f"u{dice.below(4)}"
    if dice.below(2):
        who["anonymousId"] = dice.pick(("a0", "a1", "a2", "a3", "a4", "null", "000"))
    ids = {
        name: f"{name[0]}{dice.below(_POOLS[name])}"
        for name in dict.fromkeys(dice.pick(tuple(_POOLS)) for _ in range(dice.pick((0, 0, 1, 2, 3))))
    }
    if ids:
        who["ids"] = {name: f"o{value[1:]}" if name == "wx_unionid" else value for name, value in ids.items()}
    return who or {"userId": f"u{dice.below(4)}"}
