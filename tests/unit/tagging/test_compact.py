from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.compact import compact, event_id_of, expand, plain_id, small_id
from tagging.state import TagState, pack, unpack
from tests.unit.tagging.made import empty_state

TEXT = "0b3f8f1c-7d0e-4c53-9a41-2f6f7f0c9d11"
uuids = st.uuids().map(str)


def test_a_uuid_in_its_usual_form_takes_sixteen_bytes() -> None:
    assert small_id(TEXT) == UUID(TEXT).bytes


@pytest.mark.parametrize(
    "text", ["", "m-1", TEXT.upper(), TEXT.replace("-", ""), "{" + TEXT[:34] + "}", TEXT[:-1] + "x", TEXT.replace("-", "0"), "x" * 36]
)
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert small_id(text) == text


@settings(deadline=None)
@given(st.none() | st.text() | uuids | uuids.map(str.upper) | st.text(alphabet="0123456789abcdef-", min_size=36, max_size=36))
def test_the_text_comes_back(text: str | None) -> None:
    small = small_id(text)

    assert plain_id(small) == text
    assert small_id(small) == small


def test_a_person_may_be_shrunk_again_and_again_and_be_stored() -> None:
    state = empty_state()
    state.anonymous_id = TEXT
    for number, event_id in enumerate((TEXT, "m-1", None)):
        state.tags[number] = TagState(1, 1, 1, 0, 0, 0, None, event_id)
    for _ in range(2):
        compact(state)
        state = unpack(pack(state))

    assert plain_id(state.anonymous_id) == TEXT
    assert [plain_id(held.event_id) for held in state.tags.values()] == [TEXT, "m-1", None]


def test_tags_of_one_event_share_its_id_at_rest_and_part_again_before_one_of_them_changes() -> None:
    state = empty_state()
    for number, event_id in enumerate((TEXT, "m-1", TEXT, None, "m-1", TEXT)):
        state.tags[number] = TagState(1, 1, 1, 0, 0, 0, None, event_id)
    for _ in range(2):
        compact(state)

    assert [held.event_id for held in state.tags.values()][1:] == ["m-1", 0, None, 1, 0]
    assert [event_id_of(state, held) for held in state.tags.values()] == [TEXT, "m-1", TEXT, None, "m-1", TEXT]

    expand(state)
    del state.tags[0], state.tags[1]
    assert [event_id_of(state, held) for held in state.tags.values()] == [TEXT, None, "m-1", TEXT]
