"""People as they are now, from a store that knows them as of their last commit."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.definitions.model import Bundle
from schemas.event import read_event
from schemas.identity_records import Edge
from schemas.json_text import to_json
from schemas.transition import Transition
from segments.engine import Engine
from stream.explain.people import PeopleReader
from stream.explain.view import explanation_view, person_view
from stream.store.layout import person_digest
from stream.store.memory import MemoryStateStore
from stream.store.port import Commit, LaneHeader, pack_header
from tagging.codec import pack
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.scene import bundle_of

T = 1_764_000_000_000
DEFINITIONS = """
tags:
  - {id: interest, value: properties.category, half_life: 10s, rules: [{id: viewed, event: viewed}]}
segments:
  - {id: keen, when: {tag: "interest:shoes", score: {gte: 1}}}
  - {id: other, when: {trait: city, in: [Xiamen]}}
sources:
  - {id: web, kind: web}
"""


class Known:
    """Sets of definitions that are all there."""

    def __init__(self, *bundles: Bundle) -> None:
        self._bundles = {bundle.version: bundle for bundle in bundles}

    async def bundle(self, version: int) -> Bundle:
        return self._bundles[version]


@pytest.fixture
async def reader() -> PeopleReader:
    """One partition with 130 people: two slices. Everybody viewed shoes twice at T."""
    bundle = bundle_of(DEFINITIONS)
    engine, store = Engine(bundle), MemoryStateStore()
    header = replace(LaneHeader(), partitions=1, clock=T, people=130, switches=((bundle.version, T),))
    commit = Commit(b"", pack_header(header))
    for number in range(130):
        person = Person(new_person(f"user:u{number}", number, T, bundle.version), is_new=True)
        out: list[Transition] = []
        for at in range(2):
            event: dict[str, Any] = {"type": "track", "event": "viewed", "id": f"m{at}", "source": "web", "timestamp": T}
            event |= {"userId": f"u{number}", "properties": {"category": "shoes"}, "traits": {"city": "Xiamen"}}
            engine.apply(person, read_event(to_json(event)), T, T, out)
        person.state.lists = [("staff", 3), ("vip", 4)]
        digest = person_digest(person.state.id)
        commit.persons.append((digest, pack(person.state)))
        commit.new_people.append((number, digest, None))
        if number in {0, 127, 128, 129}:
            commit.members.append((1, number, True))
    await store.commit(0, commit)
    return PeopleReader(store, Known(bundle), 1)


async def test_a_person_is_brought_to_the_time_asked_about(reader: PeopleReader) -> None:
    now = await reader.find("user:u1", T)
    later = await reader.find("user:u1", T + 10_001)
    assert now is not None
    assert later is not None

    assert [one["in"] for one in person_view(now)["segments"]] == [True, True]
    assert [one["in"] for one in person_view(later)["segments"]] == [False, True]
    assert [(one.segment, one.cause) for one in later.transitions] == [("keen", "time")]
    assert person_view(later)["tags"][0]["score"] == pytest.approx(1, rel=1e-3)


async def test_a_view_tells_names_and_where_a_tag_came_from(reader: PeopleReader) -> None:
    found = await reader.find("user:u1", T)
    assert found is not None
    view = person_view(found)

    assert view["traits"] == {"city": "Xiamen"}
    assert view["lists"] == ["staff"]
    assert (view["tags"][0]["tag"], view["tags"][0]["value"], view["tags"][0]["count"]) == ("interest", "shoes", 2)
    assert view["tags"][0]["from"] == {"rule": "viewed", "source": "web", "eventId": "m1"}


async def test_nobody_is_found_under_an_id_that_never_came(reader: PeopleReader) -> None:
    assert await reader.find("user:nobody", T) is None
    assert await reader.as_stored("user:nobody") is None


async def test_members_of_all_slices_are_named_in_order(reader: PeopleReader) -> None:
    assert [person async for person in reader.members(0, 1)] == ["user:u0", "user:u127", "user:u128", "user:u129"]
    assert [person async for person in reader.members(0, 2)] == []


async def test_everybody_is_walked_once(reader: PeopleReader) -> None:
    seen = [found.person.state.id async for found in reader.everybody(0, T)]

    assert seen == [f"user:u{number}" for number in range(130)]


async def test_a_partition_without_an_owner_so_far_has_nobody(reader: PeopleReader) -> None:
    assert [found async for found in reader.everybody(5, T)] == []


async def test_an_explanation_tells_its_times_in_words(reader: PeopleReader) -> None:
    from segments.explain import explain

    found = await reader.find("user:u1", T)
    assert found is not None
    view = explanation_view(explain(found.history.current.program, "keen", found.person, T))

    assert (view["value"], view["changesAt"]) == (True, "2025-11-24T16:00:10.001Z")
    assert view["facts"]["lastAt"] == "2025-11-24T16:00:00.000Z"
    assert view["facts"]["halfLifeMs"] == 10_000


async def test_everybody_is_told_as_stored_each_once(reader: PeopleReader) -> None:
    stored = [person async for person in reader.stored(0)]
    assert [person.state.id for person in stored] == [f"user:u{number}" for number in range(130)]
    assert stored[0].traits() == {"city": "Xiamen"}
    assert [person async for person in reader.stored(1)] == []


async def test_an_export_tells_what_a_view_leaves_out(reader: PeopleReader) -> None:
    from stream.explain.held import held_view

    found = await reader.find("user:u1", T)
    assert found is not None
    found.person.state.floors = {"1:boots": -5}
    found.person.identities().join(Edge("user:u1", "anon:a", T, "web", "viewed"))
    found.person.identities().kept["link"] = (T, ("user:u9",))
    found.person.keep_identities()
    view = held_view(found, [{"list": "vip", "ids": ["user:u1"]}])

    at = "2025-11-24T16:00:00.000Z"
    assert view["traits"] == {"city": {"value": "Xiamen", "at": at}}
    assert view["ids"] == ["user:u1", "anon:a"]
    edge = {"one": "user:u1", "other": "anon:a", "since": at, "source": "web", "reason": "viewed"}
    assert view["identities"] == {"edges": [edge], "asked": [], "refused": {}, "kept": [{"since": at, "ids": ["user:u9"]}]}
    assert view["lists"] == [{"list": "staff", "version": 1, "named": True}, {"list": "vip", "version": 2, "named": False}]
    assert (view["uploadedLists"], view["rememberedEventIds"]) == ([{"list": "vip", "ids": ["user:u1"]}], 2)
    assert view["untaggedAt"] == {"interest:boots": "2025-11-24T15:59:59.995Z"}
    assert [(one["segment"], one["because"]["node"], one["toReceivers"]["in"]) for one in view["segments"]] == [
        ("keen", "tag", True),
        ("other", "trait", True),
    ]
