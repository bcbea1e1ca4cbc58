from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tagging.codec import pack, unpack
from tagging.lists import Naming, is_named, naming, noted, united, version_of
from tagging.state import new_person

ids = st.sampled_from(["vip", "staff", "vi", "vip-2"])
namings = st.builds(Naming, ids, st.integers(1, 9), st.booleans())


@given(st.lists(namings))
def test_what_was_said_last_of_each_list_is_kept_in_one_order(said: list[Naming]) -> None:
    held: list[tuple[str, int]] = []
    for one in said:
        held = noted(held, one)

    last = {one.list_id: one for one in said}
    assert [key for key, _ in held] == sorted(last)
    assert {name: version_of(held, name) for name in last} == {name: one.version for name, one in last.items()}
    names = {name for name, one in last.items() if one.named}
    assert {name for name in ("vip", "staff", "vi", "vip-2") if is_named(held, name)} == names
    assert naming(held) == sorted(names)


def test_a_list_that_never_spoke_has_version_0() -> None:
    assert version_of([("vip", 3)], "staff") == 0


@given(st.lists(namings), st.lists(namings))
def test_one_who_was_two_is_named_by_a_list_that_names_either(mine: list[Naming], theirs: list[Naming]) -> None:
    one: list[tuple[str, int]] = []
    other: list[tuple[str, int]] = []
    for said in mine:
        one = noted(one, said)
    for said in theirs:
        other = noted(other, said)
    both = united(one, other, "user:b")

    for name in ("vip", "staff", "vi", "vip-2"):
        assert is_named(both, name) is (is_named(one, name) or is_named(other, name))
        assert version_of(both, name) == version_of(one, name)
    assert naming(both) == sorted({*naming(one), *naming(other)})
    assert united(both, other, "user:b") == both


def test_a_person_whom_no_list_ever_named_is_packed_as_before_there_were_lists() -> None:
    state = new_person("user:u1", 0, 1_764_000_000_000, 1)
    assert pack(state)[-4:-3] == b"\xc0"
    state.recent = b"twelve bytes"
    assert pack(state)[-4:-3] == b"\x90"
    assert unpack(pack(state)).lists == []


def test_both_packed_forms_keep_what_lists_said() -> None:
    state = new_person("user:u1", 0, 1_764_000_000_000, 1)
    state.lists = [("vip", 3), ("vip:user:u2", 2**54)]
    assert unpack(pack(state)).lists == state.lists
    state.recent = b"twelve bytes"
    assert unpack(pack(state)).lists == state.lists
