"""Forms are read as the standard library reads them, and long ones faster."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote_from_bytes, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.protocols import forms
from collectors.protocols.forms import pairs_of, unquoted
from schemas.errors import Rejected

PIECES = st.lists(st.sampled_from(["a", "=", "&", "+", "%", "%20", "%3D", "%e4%bd%a0", "%ff", "%zz", "%0A", "\n", "é", "_"]), max_size=12)


@given(PIECES, st.booleans())
def test_small_forms_are_read_as_the_library_does(pieces: list[str], keep: bool) -> None:
    text = "".join(pieces)
    assert pairs_of(text, 100, keep_blank_values=keep) == parse_qsl(text, keep_blank_values=keep)


@given(st.binary(max_size=300), st.binary(max_size=20))
def test_long_values_say_the_same_by_the_fast_way(data: bytes, safe: bytes) -> None:
    text = "".join(f"%{byte:02x}" for byte in b"=" * 2_000) + quote_from_bytes(data, safe=safe.decode("latin-1")).replace("%20", "+")
    assert text.count("%") >= forms._FEW
    if text.isascii() and not forms._NO_ESCAPE.search(text):
        assert unquoted(text) == unquote_plus(text)


@pytest.mark.parametrize("text", ["%" * 3_000, "%20" * 3_000 + "%", "%20" * 3_000 + "%\n", "%20" * 3_000 + "é", "%g0" * 3_000])
def test_a_long_value_with_broken_escapes_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        unquoted(text)


def test_fields_are_counted_before_they_are_read() -> None:
    assert len(pairs_of("a=1&" * 99 + "a=1", 100)) == 100
    with pytest.raises(ValueError, match="fields"):
        pairs_of("a=1&" * 100 + "a=1", 100)
