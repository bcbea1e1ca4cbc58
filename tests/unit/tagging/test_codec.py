from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tagging.codec import FORMAT, REST_FORMAT, pack, plain_id, small_id, unpack
from tagging.state import TagState
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


def test_a_person_at_rest_is_packed_by_columns_and_comes_back_the_same() -> None:
    state = empty_state()
    state.anonymous_id = TEXT
    for number, event_id in enumerate((TEXT, "m-1", TEXT, None, "m-1", TEXT)):
        state.tags[number] = TagState(1, 1, 1.5, number, 0, 7, "shop", event_id)
    busy = pack(replace(state, recent=b"twelve bytes"))
    packed = pack(state)

    assert (busy[0], packed[0]) == (FORMAT, REST_FORMAT)
    assert len(packed) < len(busy) - 12 - 2 * 36
    assert unpack(packed) == state


def test_an_id_that_several_tags_came_from_stands_once_at_rest() -> None:
    state = empty_state()
    for number in range(5):
        state.tags[number] = TagState(1, 1, 1, 0, 0, 0, None, "message-12345")

    assert pack(state).count(b"message-12345") == 1


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("count", (1, 2**40)),
        ("weight", (1, 1.0, 2.5)),
        ("score", (1, 1.0, 2.5)),
        ("score", (0.5, -0.0)),
        ("last", (-(2**31), 2**31 - 1)),
        ("last", (-(2**31) - 1, 2**40)),
        ("first", (-5, 2**40)),
    ],
)
def test_columns_keep_every_number_and_its_type(field: str, values: tuple[float, ...]) -> None:
    state = empty_state()
    for number, value in enumerate(values):
        tag = TagState(1, 1, 1, 0, 0, 0, None, None)
        setattr(tag, field, value)
        state.tags[number] = tag

    held = [getattr(tag, field) for tag in unpack(pack(state)).tags.values()]
    assert [repr(value) for value in held] == [repr(value) for value in values]
