from __future__ import annotations

from schemas.identity_records import Edge
from tagging.identities import EDGES_BYTES_MAX, REFUSED_MAX, Identities, all_joined, pack_identities, unpack_identities
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


def full() -> Identities:
    """There is room for one more edge, of an id that has two characters."""
    texts = len("user:u1anon:shop-webviewed")
    return known(edge("user:u1", "anon:" + "x" * (EDGES_BYTES_MAX - 2 * (16 + texts) - 2)))


def test_an_edge_for_which_there_is_no_room_settles_what_was_open_and_is_not_noted() -> None:
    identities = full()
    identities.ask("anon:ccc", T)

    assert not identities.join(edge("user:u1", "anon:ccc"))
    assert (len(identities.edges), identities.asked) == (1, {})
    assert not identities.join(edge("user:u1", "anon:é\N{SNOWMAN}"))
    assert identities.join(edge("user:u1", "anon:bb"))
    assert not identities.join(edge("user:u1", "anon:"))
    assert identities.join(edge("user:u1", "anon:bb"))
    assert len(identities.edges) == 2


def test_of_an_absorbed_person_as_many_edges_are_taken_over_as_there_is_room_for() -> None:
    identities = full()
    identities.ask("anon:ccc", T)
    absorbed = known(edge("user:u1", "anon:ccc"), edge("anon:bb", "user:u1"), identities.edges[0], edge("user:u1", "anon:d"))

    assert identities.take_over(absorbed) == 2
    assert [one.other for one in identities.edges[1:]] == ["user:u1"]
    assert identities.asked == {}


def test_an_id_that_was_asked_for_or_refused_is_open() -> None:
    identities = Identities([edge("user:u1", "anon:a")], {"anon:b": T}, {"anon:c": "first-login"})

    assert [name for name in ("user:u1", "anon:a", "anon:b", "anon:c", "anon:d") if identities.is_open(name)] == ["anon:b", "anon:c"]


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
    identities = Identities([], {"anon:a": T, "anon:b": T + 1}, {}, {"one": (T, ("user:u1",)), "other": (T + 1, ("user:u2",))})
    identities.forget_unanswered(T + 1)

    assert identities.asked == {"anon:b": T + 1}
    assert identities.kept == {"other": (T + 1, ("user:u2",))}


def test_what_is_asked_again_is_refused_no_more_and_waits_since_the_first_time() -> None:
    identities = Identities([], {"anon:b": T}, {"anon:c": "first-login"})
    identities.ask("anon:b", T + 5)
    identities.ask("anon:c", T + 6)

    assert (identities.asked, identities.refused) == ({"anon:b": T, "anon:c": T + 6}, {})


def test_a_place_is_kept_until_its_own_link_has_come_to_an_end() -> None:
    link = edge("user:u1", "anon:a")
    identities = Identities([], {"anon:b": T}, {}, {link.link: (T, ("user:u2", "wx_unionid:o")), "other": (T, ("user:u2",))})
    assert list(identities.places()) == ["anon:b", "user:u2", "wx_unionid:o"]

    identities.join(link)
    assert list(identities.places()) == ["anon:b", "user:u2"]


def test_an_id_is_joined_if_an_edge_names_just_that_one_and_nothing_is_open() -> None:
    def joined(identities: Identities, *typed_ids: str) -> bool:
        return all_joined(pack_identities(identities, "user:u1"), typed_ids)

    edges = edge("user:u1", "anon:abc"), edge("user:u1", "phone:1")
    assert joined(known(*edges), "anon:abc", "phone:1")
    assert not joined(known(*edges), "anon:abc", "phone:2")
    assert not joined(known(*edges), "anon:ab")
    assert not joined(known(), "anon:abc")
    assert not joined(Identities([*edges], {"anon:d": T}, {}), "anon:abc")
    assert not joined(Identities([*edges], {}, {"anon:d": "first-login"}), "anon:abc")
    assert not joined(Identities([*edges], {}, {}, {"link": (T, ("user:u2",))}), "anon:abc")


def test_a_survivor_takes_over_what_an_absorbed_person_knew_and_keeps_its_own_word() -> None:
    mine = Identities([edge("user:u1", "phone:1")], {"anon:c": T}, {"anon:d": "first-login"})
    theirs = Identities(
        [edge("anon:a", "wx_unionid:o")],
        {"phone:1": T, "anon:c": T + 9, "anon:e": T},
        {"user:u1": "two-strong-ids", "anon:c": "first-login", "anon:f": "first-login"},
        {"link": (T, ("user:u2",)), "both": (T, ("user:u3",))},
    )
    mine.kept = {"both": (T + 1, ("user:u4",))}
    mine.take_over(theirs)

    assert mine.edges == [edge("user:u1", "phone:1"), edge("anon:a", "wx_unionid:o")]
    assert mine.asked == {"anon:c": T, "anon:e": T}
    assert mine.refused == {"anon:d": "first-login", "anon:f": "first-login"}
    assert mine.kept == {"link": (T, ("user:u2",)), "both": (T + 1, ("user:u4",))}


def test_the_answer_to_what_an_absorbed_person_asked_is_awaited_whatever_was_refused_before() -> None:
    mine = Identities([], {}, {"anon:d": "first-login"})
    mine.take_over(Identities([], {"anon:d": T}, {}))

    assert (mine.asked, mine.refused) == ({"anon:d": T}, {})


def test_packed_and_read_again_it_is_the_same_and_the_persons_own_id_costs_nothing() -> None:
    identities = Identities(
        [edge("user:u1", "anon:a"), edge("anon:a", "phone:1")], {"anon:c": T}, {"anon:d": "first-login"}, {"link": (T, ("x",))}
    )
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
