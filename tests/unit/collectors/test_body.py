"""Bodies from strangers: gzip and JSON within caps."""

from __future__ import annotations

import gzip
import os

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.body import Limits, check_tree, decompressed, looks_like_json, read_object
from schemas.errors import Rejected

LIMITS = Limits(decompressed_bytes=1_000_000, decompression_ratio=50, event_bytes=10_000, depth=5, keys=10)


def reason(work: object, *arguments: object) -> str:
    assert callable(work)
    with pytest.raises(Rejected) as refusal:
        work(*arguments)
    return refusal.value.reason.code


@given(st.binary(max_size=2_000))
def test_what_was_packed_comes_back_and_what_was_not_is_left_alone(data: bytes) -> None:
    assert decompressed(gzip.compress(data), LIMITS) == data
    if not data.startswith(b"\x1f\x8b"):
        assert decompressed(data, LIMITS) == data


def test_several_gzip_members_are_one_body() -> None:
    assert decompressed(gzip.compress(b"{}") + gzip.compress(b" "), LIMITS) == b"{} "


@pytest.mark.parametrize("body", [b"\x1f\x8b", gzip.compress(b"x" * 100)[:-9], gzip.compress(b"x") + b"rest", gzip.compress(b"") * 17])
def test_a_broken_stream_is_bad_encoding(body: bytes) -> None:
    assert reason(decompressed, body, LIMITS) == "bad-encoding"


def test_size_and_ratio_are_capped_but_small_repetitive_bodies_are_fine() -> None:
    assert reason(decompressed, gzip.compress(os.urandom(1_000_001)), LIMITS) == "body-too-large"
    assert reason(decompressed, gzip.compress(b" " * 500_000), LIMITS) == "body-too-large"
    assert len(decompressed(gzip.compress(b" " * 60_000), LIMITS)) == 60_000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "bad-json"),
        (b"{", "bad-json"),
        (b'{"a":NaN}', "bad-json"),
        (b'{"a":1e400}', "bad-json"),
        (b'{"a":"\\ud800"}', "bad-json"),
        (b'{"a":"\xff"}', "bad-json"),
        (b"\xef\xbb\xbf{}", "bad-json"),
        (b"[]", "bad-shape"),
        (b"null", "bad-shape"),
        (b'{"a":[[[[[]]]]]}', "too-deep"),
        (b"[" * 9_000, "too-deep"),
        (orjson.dumps({str(n): n for n in range(11)}), "too-many-keys"),
        (b'{"a":"' + b"x" * 10_000 + b'"}', "event-too-large"),
    ],
)
def test_each_fault_has_its_reason(text: bytes, code: str) -> None:
    assert reason(read_object, text, LIMITS) == code


def test_brackets_and_colons_inside_texts_are_no_nesting() -> None:
    assert read_object(orjson.dumps({"a": "[{:" * 100}), LIMITS) == {"a": "[{:" * 100}


@given(st.integers(0, 3_000))
def test_depth_is_counted_exactly_and_without_recursion(levels: int) -> None:
    tree: object = 1
    for _ in range(levels):
        tree = [tree]
    if levels <= LIMITS.depth:
        check_tree(tree, LIMITS)
    else:
        assert reason(check_tree, tree, LIMITS) == "too-deep"


def test_json_is_known_by_its_first_byte() -> None:
    assert looks_like_json(b" \n{")
    assert looks_like_json(b"[")
    assert not looks_like_json(b"data=e30")
    assert not looks_like_json(b"")
