"""What the lanes of a whole deployment made of their logs against what the oracle says they must have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stream.store.layout import person_digest
from tagging.person import Person
from tagging.state import PersonState
from tests.oracle.compare import canonical
from tests.oracle.deployment import Deployed, run_deployment
from tests.oracle.known import ANSWER_MS, Known
from tests.oracle.linking import LinkingLane
from tests.oracle.person import Person as Expected
from tests.property.driver import Driver
from tests.property.lanes import Deployment
from tests.property.verdict import MERGED, differences, states


def all_differences(deployment: Deployment) -> list[str]:
    """All that differs, one line each; empty if nothing does."""
    expected = run_deployment(deployment.logs, {**deployment.lanes[0].bundles}, deployment.secret)
    found = [f"nothing told partition {partition} what stands at {offset}" for partition, offset in expected.waiting]
    for lane, outcome, driver in zip(expected.lanes, expected.outcomes, deployment.lanes, strict=True):
        found += lane.wrong
        found += [f"partition {lane.number}: {line}" for line in differences(outcome, driver, driver.bundles)]
        found += [f"partition {lane.number}: {line}" for line in _who(lane, driver)]
    return found + list(_merged(expected, deployment))


def _merged(expected: Deployed, deployment: Deployment) -> Iterator[str]:
    wanted = sorted(map(canonical, expected.merged))
    got = sorted(canonical(one) for one in deployment.transitions if one["type"] == MERGED)
    if wanted != got:
        yield f"merged: expected {wanted}, got {got}"


def _who(lane: LinkingLane, driver: Driver) -> Iterator[str]:
    held = driver.store._of(lane.number)
    wanted = {person_digest(name): target for name, target in lane.pointers.items()}
    got = {digest: pointer.target for digest, pointer in held.pointers.items()}
    if wanted != got:
        yield f"pointers: expected {lane.pointers}, got {got}"
    partitions = range(driver.place.partitions)
    sent, received = (
        [(counts or (0,) * len(partitions))[one] for one in partitions] for counts in (driver.header.sent, driver.header.received)
    )
    said = [len(lane.sent[one]) + len(lane.forgets[one]) for one in partitions]
    if said != sent or [lane.taken[one] for one in partitions] != received:
        yield f"sent {sent}, received {received}; expected {said}, {dict(lane.taken)}"
    for state in states(driver):
        person = lane.persons.get(state.id)
        if person is not None:
            yield from known_differences(person, state, driver.header.clock)


def known_differences(person: Expected, state: PersonState, clock_ms: int) -> Iterator[str]:
    """What the engine knows of who a person is against what the oracle does."""
    known = Person(state).identities()
    # Whoever looks at what is no longer waited for forgets it first.
    known.forget_unanswered(clock_ms - ANSWER_MS)
    person.known.forget(clock_ms)
    edges = [(edge.one, edge.other, edge.at_ms, edge.source, edge.reason) for edge in known.edges]
    got = Known(edges, known.asked, known.refused, known.kept)
    if _sorted(got) != _sorted(person.known):
        yield f"{state.id} knows {got}, expected {person.known}"


def _sorted(known: Known) -> Known:
    """In which order the ids of a kept place stand says nothing."""
    return replace(known, kept={link: (at, tuple(sorted(names))) for link, (at, names) in known.kept.items()})
