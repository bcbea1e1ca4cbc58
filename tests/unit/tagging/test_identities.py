from __future__ import annotations

from schemas.identity_records import Edge
from tagging.identities import REFUSED_MAX, Identities, pack_identities, unpack_identities
from tagging.person import Person
from tagging.state import new_person

T = 1_764_000_000_000


def edge(one: str, other: str, at: int = 0, reason: str = "viewed") -> Edge:
    return Edge(one, other, T + at, "shop-web", reason)


def known(*edges: Edge) -> Identities:
    return Identities(list(edges), {}, {})


def test_an_edge_is_noted_once_whichever_way_round_it_comes() -> None:
    identities = known(edge("user:u1", "anon:a"))
    identities.join(edge("anon:a", "user:u1", 5, "again"))
    identities.join(edge("anon:a", "phone:1", 6))

    assert identities.edges == [edge("user:u1", "anon:a"), edge("anon:a", "phone:1", 6)]
    assert list(identities.ids()) == ["user:u1", "anon:a", "phone:1"]


def test_an_id_is_known_by_an_edge_a_question_or_a_refusal() -> None:
    identities = Identities([edge("user:u1", "anon:a")], {"anon:b": T}, {"anon:c": "first-login"})

    assert [name for name in ("user:u1", "anon:a", "anon:b", "anon:c", "anon:d") if identities.is_known(name)] == [
        "user:u1",
        "anon:a",
        "anon:b",
        "anon:c",
    ]


def test_what_is_joined_is_neither_asked_for_nor_refused_any_more() -> None:
    identities = Identities([], {"anon:b": T}, {"user:u1": "two-strong-ids"})
    identities.join(edge("user:u1", "anon:b"))

    assert (identities.asked, identities.refused) == ({}, {})


def test_the_oldest_refusals_are_forgotten_and_a_new_one_is_the_newest() -> None:
    identities = Identities([], {"anon:0": T}, {})
    for number in range(REFUSED_MAX):
        identities.refuse(f"anon:{number}", "first-login")
    identities.refuse("anon:0", "two-strong-ids")
    identities.refuse("anon:new", "first-login")

    assert identities.asked == {}
    assert next(iter(identities.refused)) == "anon:2"
    assert list(identities.refused.items())[-2:] == [("anon:0", "two-strong-ids"), ("anon:new", "first-login")]
    assert len(identities.refused) == REFUSED_MAX


def test_what_was_asked_for_too_long_ago_is_forgotten() -> None:
    identities = Identities([], {"anon:a": T, "anon:b": T + 1}, {})
    identities.forget_unanswered(T + 1)

    assert identities.asked == {"anon:b": T + 1}


def test_a_survivor_takes_over_what_an_absorbed_person_knew_and_keeps_its_own_word() -> None:
    mine = Identities([edge("user:u1", "phone:1")], {"anon:c": T}, {"anon:d": "first-login"})
    theirs = Identities(
        [edge("anon:a", "wx_unionid:o")],
        {"phone:1": T, "anon:c": T + 9, "anon:d": T, "anon:e": T},
        {"user:u1": "two-strong-ids", "anon:c": "first-login", "anon:f": "first-login"},
    )
    mine.take_over(theirs)

    assert mine.edges == [edge("user:u1", "phone:1"), edge("anon:a", "wx_unionid:o")]
    assert mine.asked == {"anon:c": T, "anon:e": T}
    assert mine.refused == {"anon:d": "first-login", "anon:f": "first-login"}


def test_packed_and_read_again_it_is_the_same_and_the_persons_own_id_costs_nothing() -> None:
    identities = Identities([edge("user:u1", "anon:a"), edge("anon:a", "phone:1")], {"anon:c": T}, {"anon:d": "first-login"})
    packed = pack_identities(identities, "user:u1")

    assert b"user:u1" not in packed
    assert unpack_identities(packed, "user:u1") == identities


def test_who_has_one_id_keeps_nothing() -> None:
    assert pack_identities(Identities([], {}, {}), "user:u1") == b""
    assert unpack_identities(b"", "user:u1") == Identities([], {}, {})


def test_a_person_tells_its_ids_its_own_first() -> None:
    person = Person(new_person("user:u1", 0, T, 1))
    assert person.ids() == ["user:u1"]
    person.identities().join(edge("anon:a", "phone:1"))
    person.identities().join(edge("anon:a", "user:u1"))
    person.keep_identities()

    assert Person(person.state).ids() == ["user:u1", "anon:a", "phone:1"]


def test_a_person_that_gets_another_state_forgets_what_it_had_read() -> None:
    person = Person(new_person("user:u1", 0, T, 1))
    person.set_traits({"city": ("Shanghai", T)})
    person.identities().join(edge("user:u1", "anon:a"))
    assert (person.traits(), person.ids()) == ({"city": "Shanghai"}, ["user:u1", "anon:a"])

    person.hold(new_person("user:u1", 0, T, 1))
    assert (person.traits(), person.ids()) == ({}, ["user:u1"])
