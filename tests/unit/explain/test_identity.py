"""Who a person is known to be, as people and machines read it; and that any id finds the person."""

from __future__ import annotations

from msgspec.structs import replace

from schemas.definitions.model import Bundle
from schemas.identity_records import Edge
from stream.explain.identity import identity_view, way_between
from stream.explain.people import PeopleReader
from stream.store.layout import person_digest
from stream.store.memory import MemoryStateStore
from stream.store.port import Commit, LaneHeader, Pointer, pack_header
from tagging.codec import pack
from tagging.identities import Parting
from tagging.person import Person
from tagging.state import new_person

T = 1_764_000_000_000


class NoSets:
    async def bundle(self, version: int) -> Bundle:
        assert version == 0
        return Bundle()


def known() -> Person:
    person = Person(new_person("user:u1", 0, T, 0))
    identities = person.identities()
    for one, other, at in (("user:u1", "anon:a", 0), ("anon:a", "phone:1", 5), ("user:u1", "wx_unionid:o", 9)):
        identities.join(Edge(one, other, T + at, "shop", "viewed"))
    identities.ask("anon:b", T)
    identities.refuse("anon:c", "first-login")
    person.keep_identities()
    return person


def test_a_view_tells_ids_edges_questions_and_refusals() -> None:
    view = identity_view(known())

    assert (view["person"], view["ids"]) == ("user:u1", ["user:u1", "anon:a", "phone:1", "wx_unionid:o"])
    assert view["edges"][1] == {
        "one": "anon:a",
        "other": "phone:1",
        "since": "2025-11-24T16:00:00.005Z",
        "source": "shop",
        "reason": "viewed",
    }
    assert (view["asked"], view["refused"], view["cut"]) == (["anon:b"], {"anon:c": "first-login"}, [])


def test_a_view_tells_what_splits_have_cut() -> None:
    person = known()
    person.identities().partings = [Parting((("user:u1", "crm:c"),), ("user:u1", "crm:c"), ("crm:c",), "crm:c", (1,))]
    person.keep_identities()

    assert identity_view(person)["cut"] == [{"one": "user:u1", "other": "crm:c"}]


def test_the_way_between_two_ids_is_the_fewest_edges_in_order() -> None:
    edges = identity_view(known())["edges"]

    assert [(edge["one"], edge["other"]) for edge in way_between(edges, "phone:1", "wx_unionid:o")] == [
        ("anon:a", "phone:1"),
        ("user:u1", "anon:a"),
        ("user:u1", "wx_unionid:o"),
    ]
    assert way_between(edges, "anon:a", "anon:a") == []
    assert way_between(edges, "anon:a", "device:unknown") == []


async def test_any_id_finds_the_person_over_several_pointers() -> None:
    store, person = MemoryStateStore(), known()
    commit = Commit(b"", pack_header(replace(LaneHeader(), partitions=1, clock=T, people=1)))
    commit.persons.append((person_digest("user:u1"), pack(person.state)))
    ways = {"phone:1": "anon:a", "anon:a": "user:u1", "anon:z": "anon:y"}
    commit.pointers += [(person_digest(typed_id), Pointer(target, 0)) for typed_id, target in ways.items()]
    await store.commit(0, commit)
    reader = PeopleReader(store, NoSets(), 1)

    for name in ("user:u1", "anon:a", "phone:1"):
        found = await reader.find(name, T)
        assert found is not None
        assert (found.person.state.id, found.asked_for) == ("user:u1", name)
    assert await reader.find("anon:z", T) is None
    assert (stored := await reader.as_stored("phone:1")) is not None
    assert stored.ids() == person.ids()
