"""What nobody should send, and somebody does: ids without end, ids that thousands share, aliases in a circle, ids that are none.

What does this test check?
    That each such event costs less than ten times what a usual one costs; where it makes or asks for a link, what one costs that
    does so too and shares nothing; of 190 ids that one event names, eight are read. That no person's state comes near 64 KiB, and that
    what is refused is counted by its reason.

How does it check it?
    Lanes in memory take logs of such events; processor time is measured against that of usual events in the same process.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from schemas.definitions.model import Bundle
from stream.kafka.port import Message
from stream.worker import batch
from tagging.codec import pack
from tests.corpus.generate import definitions_for_load
from tests.oracle.classify import partition_of
from tests.oracle.naming import Names
from tests.property.driver import Step
from tests.property.lanes import Deployment
from tests.property.verdict import states
from tests.property.who_verdict import all_differences

Who = dict[str, Any]
PARTITIONS = 4
RECORDS_AT_ONCE = 64
TIMES = 10
STATE_BYTES_MAX = 65_536
MANY = 1_000
T = 1_764_000_000_000


@dataclass
class Lived:
    """What came of it. ``refused``: links by reason; ``blocked``: ids that events stated and that name nobody, by reason."""

    deployment: Deployment
    microseconds: float
    refused: Counter[str]
    blocked: Counter[str]

    @property
    def largest(self) -> int:
        """Bytes of the largest person."""
        return max(len(pack(state)) for lane in self.deployment.lanes for state in states(lane))

    @property
    def dead_letters(self) -> list[str]:
        return [reason for _, _, reason in self.deployment.dead_letters]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The links that lanes refused, by reason."""
    counted: Counter[str] = Counter()
    plain_run = batch.BatchStep.run

    def run(step: batch.BatchStep, intake: batch.Intake) -> None:
        plain_run(step, intake)
        counted.update(step._changes.refused_links)

    monkeypatch.setattr(batch.BatchStep, "run", run)
    return counted


def lived(refused: Counter[str], events: list[Who], before: Iterable[Who] = (), at_once: int = MANY * 10) -> Lived:
    """Events of ``before``, then those that are measured, so many at once."""
    refused.clear()
    made = Deployment(PARTITIONS, {0: Bundle(), 1: definitions_for_load()}, T)
    made.activate(1)
    _write(made, list(before), "before")
    _work_off(made)
    microseconds = 0.0
    for at in range(0, len(events), at_once):
        _write(made, events[at : at + at_once], str(at))
        began = time.process_time()
        _work_off(made)
        microseconds += (time.process_time() - began) * 1e6
    blocked = Counter[str]()
    for lane in made.lanes:
        blocked.update(lane._memory.history.current.policy.take_refusals())
    return Lived(made, microseconds / len(events), Counter(refused), blocked)


def _write(made: Deployment, events: list[Who], name: str) -> None:
    names = Names(made.bundles[1].identity)
    for number, who in enumerate(events):
        what = {"type": "track", "event": "product_viewed", "id": f"{name}-{number}", "properties": {"category": "shoes", "price": 120}}
        made.now_ms += 1
        made.append(partition_of(names.stated(who)[0], PARTITIONS), Message(None, json.dumps(what | who).encode()))


def _work_off(made: Deployment) -> None:
    while any(lane.header.cursor < len(log) for lane, log in zip(made.lanes, made.logs, strict=True)):
        for number, lane in enumerate(made.lanes):
            lane.do(Step("read", RECORDS_AT_ONCE))
            lane.do(Step("publish", 1 << 30))
            made._deliver(number)


def usual(refused: Counter[str]) -> float:
    """Microseconds of an event of somebody who is known by two ids."""
    people = [{"userId": f"u{number}", "anonymousId": f"a{number}"} for number in range(100)]
    return lived(refused, people * (MANY // 100), people).microseconds


def is_modest(found: Lived, against: float) -> None:
    assert found.microseconds < TIMES * against
    assert found.largest < STATE_BYTES_MAX
    assert found.dead_letters == []


def test_a_thousand_ids_of_one_person_are_refused_beyond_the_limits(refused: Counter[str]) -> None:
    against = usual(refused)
    anonymous = lived(refused, [{"userId": "u1", "anonymousId": f"a{number}"} for number in range(MANY)])
    is_modest(anonymous, against)
    assert anonymous.refused == {"too-many-ids": MANY - 100}

    many = [{"userId": "u1", "ids": {f"kind{number}": f"id{number}"}} for number in range(MANY)]
    kinds = lived(refused, many)
    is_modest(kinds, against)
    assert kinds.refused == {"too-many-ids": MANY - 199}
    is_modest(lived(refused, [{"userId": "u1", "ids": {"kind5": "id5"}}] * MANY, many[:300]), against)


def test_of_an_event_with_190_ids_eight_are_read_so_it_costs_no_more_than_others(refused: Counter[str]) -> None:
    full = [{"userId": "u1", "ids": {f"kind{number}": "id" for number in range(first, first + 8)}} for first in range(0, 304, 8)]
    new = [{"userId": "u1", "ids": {f"new{number}": f"id{event}" for number in range(190)}} for event in range(50)]
    known = [{"userId": "u1", "ids": {f"kind{number}": "id" for number in range(190)}}] * 50
    others = [{"userId": f"u{event}", "ids": {f"new{number}": f"id{event}" for number in range(190)}} for event in range(50)]
    against = usual(refused)

    found = lived(refused, new, full)
    is_modest(found, against)
    assert found.refused["too-many-ids"] >= 50 * 8
    assert found.blocked["too_many"] == 50 * 182
    is_modest(lived(refused, known, full), against)
    asking = [{"userId": f"u{number}", "ids": {"new": f"id{number}"}} for number in range(50)]
    assert lived(refused, others).microseconds < TIMES * lived(refused, asking).microseconds


@pytest.mark.parametrize(
    ("shared", "own", "reason"),
    [
        ({"ids": {"phone": "p"}}, "userId", "two-strong-ids"),
        ({"anonymousId": "a"}, "userId", "first-login"),
        ({"ids": {"device": "d"}}, "userId", None),
    ],
)
def test_an_id_that_thousands_of_users_share_joins_one_of_them(refused: Counter[str], shared: Who, own: str, reason: str | None) -> None:
    found = lived(refused, [{own: f"s{number}"} | shared for number in range(10 * MANY)])

    is_modest(found, usual(refused))
    assert found.refused == ({reason: 10 * MANY - 1} if reason else {})
    assert sum(lane.header.people for lane in found.deployment.lanes) == 10 * MANY


@pytest.mark.parametrize("length", [1, 200])
def test_a_telephone_of_thousands_whom_nobody_knows_makes_one_person_who_stays_small(refused: Counter[str], length: int) -> None:
    apart = lived(refused, [{"anonymousId": f"s{number}", "ids": {"phone": f"p{number}"}} for number in range(MANY)])
    found = lived(refused, [{"anonymousId": f"s{number}" + "x" * length, "ids": {"phone": "p"}} for number in range(MANY)])

    is_modest(found, apart.microseconds)
    assert found.refused["too-many-ids"] > MANY // 10
    assert all_differences(found.deployment) == [] if length > 1 else True


def test_a_thousand_aliases_of_one_person(refused: Counter[str]) -> None:
    apart = lived(refused, [{"type": "alias", "userId": f"u{number}", "previousId": f"old{number}"} for number in range(MANY)], at_once=1)
    found = lived(refused, [{"type": "alias", "userId": "u1", "previousId": f"old{number}"} for number in range(MANY)], at_once=1)

    is_modest(found, apart.microseconds)
    assert found.refused["too-many-ids"] > MANY // 10


def test_aliases_in_a_circle_make_one_person(refused: Counter[str]) -> None:
    circle = [{"type": "alias", "userId": f"c{number % 50}", "previousId": f"c{(number + 1) % 50}"} for number in range(MANY)]
    found = lived(refused, circle, at_once=1)

    is_modest(found, usual(refused))
    assert [state.id for lane in found.deployment.lanes for state in states(lane)] == ["user:c0"]


def test_what_is_no_id_names_nobody_and_is_counted(refused: Counter[str]) -> None:
    events = [
        {"userId": f"u{number % 100}", "anonymousId": "null", "ids": {"phone": "unknown", "email": "x" * 300}} for number in range(MANY)
    ]
    found = lived(refused, events)

    is_modest(found, usual(refused))
    assert (found.blocked["blocked"], found.blocked["too_long"]) == (2 * MANY, MANY)
    assert sum(lane.header.people for lane in found.deployment.lanes) == 100
