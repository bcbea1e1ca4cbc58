"""When a condition changes by itself: compared with asking at every millisecond."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions.leaf import event_nodes, leaf_hash
from schemas.definitions.model import (
    AllNode,
    AllOf,
    AnyNode,
    Comparison,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    PathTest,
    Tag,
    TagNode,
    TraitNode,
)
from segments.compile import compile_bundle
from segments.nodes import next_change
from tagging.decay import NEVER
from tagging.person import Person
from tagging.state import TagState, new_person
from tests.unit.segments.truth import bundle_with, truth

HALF_LIFE = 5
LONGEST_WINDOW = 60
# A score of 64 is below 1e-12 after 46 half-lives; the newest time is 30.
HORIZON = 46 * HALF_LIFE + LONGEST_WINDOW + 40
TAGS = (
    Tag("fading", "fading", (), half_life_ms=HALF_LIFE),
    Tag("steady", "steady", ()),
    Tag("family", "family", (), value="properties.x", half_life_ms=HALF_LIFE),
    Tag("calm", "calm", (), value="properties.x"),
)
MATCHES = (EventMatch(("a",), AllOf(())), EventMatch(("b",), AllOf(())))

bounds = st.sampled_from([-4.0, -1.0, 0.0, 1e-13, 0.125, 0.5, 1.0, 2.0, 3.0]) | st.floats(-4, 4)
wholes = st.integers(-1, 4)
ordered = st.sampled_from(["gt", "gte", "lt", "lte", "between"])
all_seven = st.sampled_from(["gt", "gte", "lt", "lte", "between", "eq", "ne"])


def comparison(operators: st.SearchStrategy[str], numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Comparison]:
    return st.builds(
        lambda operator, one, other: (
            Comparison(operator, min(one, other), max(one, other)) if operator == "between" else Comparison(operator, one)
        ),
        operators,
        numbers,
        numbers,
    )


def several(one: st.SearchStrategy[Comparison]) -> st.SearchStrategy[tuple[Comparison, ...]]:
    return st.lists(one, max_size=2).map(tuple)


counts = comparison(all_seven, wholes)
score_leaves = st.builds(
    lambda operator, level: TagNode("fading", score=(Comparison(operator, level),)),
    st.sampled_from(["gt", "gte"]),
    st.floats(1e-11, 8),
)
fading_leaves = st.builds(
    TagNode,
    st.just("fading"),
    st.none(),
    several(counts),
    several(comparison(all_seven, bounds)),
    several(comparison(ordered, bounds)),
)
steady_leaves = st.builds(
    TagNode,
    st.just("steady"),
    st.none(),
    several(counts),
    several(comparison(all_seven, bounds)),
    several(comparison(all_seven, bounds)),
)
family_leaves = st.builds(
    TagNode,
    st.just("family"),
    st.none() | st.sampled_from(["x", "y", "absent"]),
    several(counts),
    several(comparison(all_seven, bounds)),
    several(comparison(ordered, bounds)),
)
calm_leaves = st.builds(TagNode, st.just("calm"), st.none(), st.just(()), st.just(()), several(comparison(all_seven, bounds)))
window_leaves = st.builds(
    EventNode,
    st.sampled_from(MATCHES),
    st.lists(counts, min_size=1, max_size=2).map(tuple),
    st.integers(1, LONGEST_WINDOW),
)
counter_leaves = st.builds(EventNode, st.sampled_from(MATCHES), several(counts), st.none())
trait_leaves = st.sampled_from([TraitNode(PathTest("city", "exists", True)), TraitNode(PathTest("nothing", "exists", True))])
leaves: st.SearchStrategy[Node] = st.one_of(
    score_leaves, fading_leaves, steady_leaves, family_leaves, calm_leaves, window_leaves, counter_leaves, trait_leaves
)
trees: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: AllNode(tuple(items)))
        | st.lists(inner, max_size=3).map(lambda items: AnyNode(tuple(items)))
        | inner.map(NotNode)
    ),
    max_leaves=5,
)

times = st.integers(-60, 30)
scores = st.sampled_from([0.0, 1.0, -1.0, 2.0, 3]) | st.floats(-64, 64)
tag_states = st.builds(TagState, st.integers(1, 4), scores, scores, times, st.just(-60), st.just(0), st.none(), st.none())
held_tags: st.SearchStrategy[dict[int | str, TagState]] = st.fixed_dictionaries(
    {},
    optional={1: tag_states, 2: tag_states, "3:x": tag_states, "3:y": tag_states, "3:z": tag_states, "4:x": tag_states, "4:y": tag_states},
)
held_times = st.lists(times, max_size=5).map(sorted)


@st.composite
def scenes(draw: st.DrawFn, nodes: st.SearchStrategy[Node]) -> tuple[Node, Person]:
    """A node, and a person who holds some of what it asks for. Some times are before the person's base, as after a rebase."""
    node = draw(nodes)
    state = new_person("user:u1", 0, 10**12, 1)
    state.tags = draw(held_tags)
    numbers = bundle_with(node, TAGS).numbers
    for event_node in event_nodes(node):
        number = numbers.leaves[leaf_hash(event_node)]
        state.leaves[number] = draw(st.integers(0, 4)) if event_node.within_ms is None else draw(held_times)
    person = Person(state)
    person.set_traits({"city": ("Oslo", 0)})
    return node, person


def not_before(person: Person, at: int) -> int:
    """``at``, or the newest time of the person's state: nobody is asked about a time before what has happened."""
    newest = [tag.last for tag in person.state.tags.values()]
    newest += [time for held in person.state.leaves.values() if isinstance(held, list) for time in held]
    return max([at, *newest])


def changes_after(node: Node, person: Person, at: int) -> int:
    """The least millisecond after ``at`` with another value, found by asking at every one."""
    bundle = bundle_with(node, TAGS)
    current = truth(node, bundle, person, at)
    return next((time for time in range(at + 1, at + HORIZON) if truth(node, bundle, person, time) is not current), NEVER)


@settings(max_examples=120, deadline=None)
@given(scenes(leaves), st.integers(-60, 60))
def test_a_leaf_tells_the_exact_millisecond_of_its_next_change(scene: tuple[Node, Person], at: int) -> None:
    node, person = scene
    at = not_before(person, at)
    bundle = bundle_with(node, TAGS)
    leaf = compile_bundle(bundle).segments[0].node

    value, change = leaf.outlook(person, at)

    assert value is truth(node, bundle, person, at)
    assert change == changes_after(node, person, at) == next_change(leaf, person, at)


@settings(max_examples=60, deadline=None)
@given(scenes(score_leaves), st.integers(0, 60))
def test_the_common_test_of_a_score_is_exact_too(scene: tuple[Node, Person], waited: int) -> None:
    node, person = scene
    at = not_before(person, -60) + waited
    bundle = bundle_with(node, TAGS)

    assert compile_bundle(bundle).segments[0].node.outlook(person, at) == (
        truth(node, bundle, person, at),
        changes_after(node, person, at),
    )


@settings(max_examples=120, deadline=None)
@given(scenes(trees), st.integers(-60, 60))
def test_the_next_change_of_any_condition_is_neither_early_nor_late(scene: tuple[Node, Person], at: int) -> None:
    node, person = scene
    at = not_before(person, at)
    bundle = bundle_with(node, TAGS)
    compiled = compile_bundle(bundle).segments[0].node

    value, bound = compiled.outlook(person, at)
    change = changes_after(node, person, at)

    assert value is truth(node, bundle, person, at)
    assert at < bound <= change
    assert next_change(compiled, person, at) == change


@settings(max_examples=40, deadline=None)
@given(scenes(trees))
def test_from_change_to_change_nothing_is_passed_over(scene: tuple[Node, Person]) -> None:
    node, person = scene
    bundle = bundle_with(node, TAGS)
    compiled = compile_bundle(bundle).segments[0].node
    values = [truth(node, bundle, person, at) for at in range(30, 30 + HORIZON)]

    found: list[int] = []
    at = next_change(compiled, person, 30)
    while at != NEVER:
        found.append(at)
        at = next_change(compiled, person, at)

    assert found == [at for at in range(31, 30 + HORIZON) if values[at - 30] is not values[at - 31]]
