"""Where a person falls in two, and what each side remembers of it."""

from __future__ import annotations

import pytest

from schemas.identity_records import Edge
from tagging.identities import Identities, Parting, all_joined, edges_bytes, has_parted, pack_identities, unpack_identities
from tagging.lists import parted
from tagging.parting import Cut, cut_off, edges_of

T = 1_764_000_000_000
PARTING = Parting((("user:u1", "anon:a"),), ("user:u1", "anon:a", "phone:1"), ("anon:a", "phone:1"), "phone:1", (5, 0))


def edge(one: str, other: str) -> Edge:
    return Edge(one, other, T, "shop", "viewed")


def known(*pairs: tuple[str, str], partings: tuple[Parting, ...] = ()) -> Identities:
    return Identities([edge(*pair) for pair in pairs], {}, {}, {}, list(partings))


def cut(identities: Identities, one: str, other: str) -> Cut | None:
    return cut_off(identities, "user:u1", one, other, lambda typed_id: typed_id.startswith("device:"))


def test_what_hangs_on_the_id_goes_with_it() -> None:
    identities = known(("user:u1", "anon:a"), ("anon:a", "phone:1"), ("user:u1", "email:e"))

    assert cut(identities, "user:u1", "anon:a") == Cut((("user:u1", "anon:a"),), ("user:u1", "email:e"), ("anon:a", "phone:1"))


def test_the_side_of_the_canonical_id_stays_whichever_way_round_the_ids_are_named() -> None:
    identities = known(("user:u1", "anon:a"), ("anon:a", "phone:1"))

    assert cut(identities, "anon:a", "user:u1") == Cut((("user:u1", "anon:a"),), ("user:u1",), ("anon:a", "phone:1"))


def test_an_id_that_is_far_away_is_cut_off_at_its_last_edge() -> None:
    identities = known(("user:u1", "anon:a"), ("anon:a", "phone:1"))

    assert cut(identities, "user:u1", "phone:1") == Cut((("anon:a", "phone:1"),), ("user:u1", "anon:a"), ("phone:1",))


def test_every_way_to_the_person_is_cut() -> None:
    identities = known(("user:u1", "anon:a"), ("phone:1", "anon:a"), ("user:u1", "phone:1"), ("phone:1", "email:e"))

    found = cut(identities, "user:u1", "phone:1")
    assert found is not None
    assert found.pairs == (("phone:1", "anon:a"), ("user:u1", "phone:1"))
    assert found.theirs == ("phone:1", "email:e")


@pytest.mark.parametrize(("one", "other"), [("user:u1", "user:u1"), ("user:u1", "anon:z"), ("user:u1", "device:d")])
def test_nothing_is_cut_where_no_edge_joins(one: str, other: str) -> None:
    """A device that two ids have named is a way between them for nobody."""
    assert cut(known(("user:u1", "anon:a"), ("user:u1", "device:d"), ("anon:a", "device:d")), one, other) is None


def test_a_device_goes_with_whoever_named_it() -> None:
    identities = known(("user:u1", "anon:a"), ("user:u1", "device:d"), ("anon:a", "device:e"))
    found = cut(identities, "user:u1", "anon:a")

    assert found == Cut((("user:u1", "anon:a"),), ("user:u1",), ("anon:a",))
    assert edges_of(identities.edges, found.pairs, found.mine) == [edge("user:u1", "device:d")]
    assert edges_of(identities.edges, found.pairs, found.theirs) == [edge("anon:a", "device:e")]


def test_a_list_entry_goes_with_the_id_that_it_names() -> None:
    lists = [("vip", 3), ("vip:anon:a", 5), ("vip:phone:1", 7), ("vip:wx_openid:w:o", 9)]

    assert parted(lists, ("anon:a", "phone:1"), "phone:1") == ([("vip", 3), ("vip:wx_openid:w:o", 9)], [("vip", 7), ("vip:anon:a", 5)])


def test_a_parting_is_kept_in_the_packed_form() -> None:
    identities = known(("user:u1", "email:e"), partings=(PARTING,))
    packed = pack_identities(identities, "user:u1")

    assert unpack_identities(packed, "user:u1") == identities
    assert has_parted(packed)
    assert not has_parted(pack_identities(known(("user:u1", "email:e")), "user:u1"))
    assert not all_joined(packed, ["anon:a"])


def test_who_was_split_knows_whose_an_id_is_and_what_has_been_counted() -> None:
    identities = known(partings=(PARTING,))

    assert (identities.elsewhere("anon:a"), identities.elsewhere("user:u1")) == ("phone:1", None)
    assert identities.is_cut("anon:a", "user:u1")
    assert not identities.is_cut("phone:1", "user:u1")
    places: list[tuple[int, int] | None] = [(0, 4), (0, 5), (7, 0), None]
    assert [identities.is_counted("anon:a", place) for place in places] == [True, False, False, False]
    assert not identities.is_counted("email:e", (0, 4))


def test_the_newest_split_says_whose_an_id_is() -> None:
    newer = Parting((), ("anon:a",), ("anon:a",), "anon:a", (9, 9))

    assert known(partings=(PARTING, newer)).elsewhere("anon:a") == "anon:a"


def test_an_edge_that_is_made_again_is_cut_no_more() -> None:
    identities = known(partings=(PARTING,))
    identities.join(edge("anon:a", "user:u1"))

    assert not identities.is_cut("user:u1", "anon:a")
    assert (identities.elsewhere("anon:a"), identities.elsewhere("phone:1")) == (None, "phone:1")


def test_who_takes_a_person_over_takes_its_partings_too_but_for_ids_that_come_back() -> None:
    mine, theirs = known(("user:u1", "email:e"), partings=(PARTING,)), known(("anon:a", "phone:2"), partings=(PARTING,))
    mine.take_over(theirs)

    assert len(mine.partings) == 2
    assert (mine.elsewhere("anon:a"), mine.elsewhere("phone:1")) == (None, "phone:1")
    assert mine.is_cut("user:u1", "anon:a")


def test_edges_count_by_their_texts() -> None:
    assert edges_bytes([edge("a:1", "b:2")]) == 16 + len("a:1b:2shopviewed")
