"""References to segments: asked once an evaluation, however many paths lead to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from schemas.definitions.model import AllNode, AnyNode, AtMost, EventNode, Node, NotNode, Segment, SegmentNode, StaysNode
from segments import nodes as nodes_module
from segments.compile import compile_bundle
from segments.engine import Engine
from segments.explain import explain
from segments.nodes import CompiledNode, Outlook, next_change
from segments.shared import Shared
from tagging.decay import NEVER
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.life import Life, at_least, made, match
from tests.unit.segments.scene import T

DEPTH = 40
SEEN = EventNode(match("a"), at_least(1), 10)


def named(number: int) -> SegmentNode:
    return SegmentNode(f"s{number:02}")


def doubled(depth: int, inner: Node = SEEN) -> list[Segment]:
    """Each segment names the one before it twice: written out, the last one has 2 ** depth leaves."""
    chain = [Segment("s00", "s", inner)]
    for number in range(1, depth + 1):
        before = named(number - 1)
        when: Node = AllNode((before, before)) if number % 2 else NotNode(AnyNode((NotNode(before), NotNode(before))))
        chain.append(Segment(f"s{number:02}", "s", when))
    return chain


@dataclass
class Counted:
    """A leaf that tells how often it was asked."""

    asked: list[tuple[int, int]] = field(default_factory=list)

    def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        self.asked.append((at, horizon))
        return (at < 10, 10 if at < 10 else NEVER)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which window leaves were asked, and when."""
    found: list[int] = []
    plain = nodes_module.WindowLeaf.outlook

    def outlook(self: nodes_module.WindowLeaf, person: Person, at: int, horizon: int = NEVER) -> Outlook:
        found.append(at)
        assert len(found) < 10_000, "the leaves of a chain are asked again and again"
        return plain(self, person, at, horizon)

    monkeypatch.setattr(nodes_module.WindowLeaf, "outlook", outlook)
    return found


def nodes_of(program_nodes: list[CompiledNode]) -> int:
    """How many different compiled nodes there are."""
    seen: dict[int, CompiledNode] = {}
    waiting = list(program_nodes)
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen[id(node)] = node
            waiting += [*getattr(node, "items", ())]
            waiting += [getattr(node, name) for name in ("item", "condition") if hasattr(node, name)]
    return len(seen)


def test_a_chain_of_doubled_references_is_compiled_to_as_many_nodes_as_are_written() -> None:
    program = compile_bundle(made(*doubled(DEPTH)))
    written = 2 + DEPTH // 2 * (1 + 1) + DEPTH // 2 * (1 + 1 + 2 + 1)

    assert nodes_of([segment.node for segment in program.segments]) <= written


def test_a_chain_of_doubled_references_is_evaluated_once_for_each_segment(asked: list[int]) -> None:
    life = Life(Engine(made(*doubled(DEPTH))))
    life.does(0)
    assert [row[:2] for row in life.rows()] == [(f"s{number:02}", "in") for number in range(DEPTH + 1)]
    assert {one.leaves_at for one in life.out} == {T + 10}
    # At the record, within its horizon and beyond it, and at the time at which it leaves.
    assert len(asked) <= 4

    life.advance(11)
    assert len(life.rows()) == 2 * (DEPTH + 1)
    assert len(asked) <= 8


def test_what_is_not_referred_to_is_asked_directly() -> None:
    program = compile_bundle(made(*doubled(2)))

    assert [isinstance(segment.node, Shared) for segment in program.segments] == [True, True, False]


def test_asked_outside_an_evaluation_a_chain_costs_one_walk_and_keeps_nothing(asked: list[int]) -> None:
    program = compile_bundle(made(*doubled(DEPTH)))
    person = Person(new_person("user:u1", 0, T, 1))
    person.state.leaves = {leaf.number: [0] for plan in program.plans.values() for leaf in plan.leaves}

    assert next_change(program.segments[-1].node, person, 0) == 10
    assert person.outlooks is None
    assert len(asked) <= 8
    person.state.leaves = {}
    assert program.segments[-1].node.outlook(person, 0) == (False, NEVER)

    explanation = explain(program, f"s{DEPTH:02}", person, T)
    assert (explanation.value, explanation.changes_at) == (False, None)


def test_a_failure_outside_an_evaluation_keeps_nothing_either() -> None:
    class Broken:
        def outlook(self, person: Person, at: int, horizon: int = NEVER) -> Outlook:
            raise ZeroDivisionError

    person = Person(new_person("user:u1", 0, T, 1))
    with pytest.raises(ZeroDivisionError):
        Shared(1, Broken()).outlook(person, 0)
    assert person.outlooks is None


def test_answers_are_told_apart_by_segment_time_and_horizon() -> None:
    one, other = Counted(), Counted()
    person = Person(new_person("user:u1", 0, T, 1))
    person.outlooks = {}
    for node in (Shared(1, one), Shared(1, one), Shared(2, other)):
        for at, horizon in ((0, NEVER), (0, 5), (10, NEVER), (0, NEVER)):
            assert node.outlook(person, at, horizon) == ((True, 10) if at == 0 else (False, NEVER))

    assert one.asked == other.asked == [(0, NEVER), (0, 5), (10, NEVER)]


def test_each_record_asks_anew() -> None:
    """What the record before it found must not be taken for what is so now."""
    life = Life(Engine(made(Segment("a", "a", NotNode(SegmentNode("z"))), Segment("z", "z", EventNode(match("a"), at_least(2), 10)))))
    life.does(0)
    life.does(0)
    assert life.rows() == [("a", "in", 0, "event"), ("z", "in", 0, "event"), ("a", "out", 0, "event")]
    assert life.person.outlooks is None


def test_a_reference_is_to_what_the_condition_says_and_not_to_what_is_published() -> None:
    """A segment that publishes nothing, or not every entry, is referred to as it is."""
    quiet = [
        Segment("p", "p", SEEN, paused=True),
        Segment("r", "r", SEEN, at_most=AtMost(1, 1_000)),
        Segment("x", "x", SEEN, archived=True),
    ]
    asking = [Segment(f"of_{one.id}", "s", AllNode((SegmentNode(one.id), SegmentNode(one.id)))) for one in quiet[:2]]
    life = Life(Engine(made(*quiet, *asking)))
    for at in (0, 100):
        life.does(at)
        life.advance(at + 50)

    assert [row[:3] for row in life.rows() if row[0] == "r"] == [("r", "in", 0), ("r", "out", 10)]
    for name in ("of_p", "of_r"):
        assert [row[1:3] for row in life.rows() if row[0] == name] == [("in", 0), ("out", 10), ("in", 100), ("out", 110)]
    assert not [row for row in life.rows() if row[0] in ("p", "x")]


def test_a_segment_that_an_event_does_not_touch_is_still_asked_by_those_it_does() -> None:
    life = Life(
        Engine(made(Segment("a", "a", AllNode((SegmentNode("z"), EventNode(match("b"), at_least(1), 100)))), Segment("z", "z", SEEN)))
    )
    life.does(0)
    assert [one.id for one in life.engine.program.plans["b"].segments] == ["a"]
    life.does(5, "b")
    life.advance(50)

    assert life.rows() == [("z", "in", 0, "event"), ("a", "in", 5, "event"), ("z", "out", 10, "time"), ("a", "out", 10, "time")]


def test_a_chain_of_stays_costs_a_walk_for_each_time_and_not_for_each_path(asked: list[int]) -> None:
    depth = 12
    chain = [Segment("s00", "s", SEEN)]
    chain += [Segment(f"s{number:02}", "s", StaysNode(AllNode((named(number - 1),) * 2), 1)) for number in range(1, depth + 1)]
    life = Life(Engine(made(*chain)))
    life.does(0)
    life.advance(50)

    entered = [row[2] for row in life.rows() if row[1] == "in"]
    assert entered == list(range(10))
    assert [row[2] for row in life.rows() if row[1] == "out"] == [10] * 10
    assert len(asked) < 1_000


def test_a_wide_and_deep_set_is_ordered_by_the_least_id_that_is_free() -> None:
    segments = [
        Segment("c", "s", SegmentNode("d")),
        Segment("d", "s", SEEN),
        Segment("b", "s", AllNode((SegmentNode("c"), SegmentNode("d")))),
    ]
    segments += [Segment("a", "s", SegmentNode("gone")), Segment("e", "s", SEEN), Segment("f", "s", SEEN, archived=True)]

    assert [segment.id for segment in compile_bundle(made(*segments)).segments] == ["a", "d", "c", "b", "e"]
