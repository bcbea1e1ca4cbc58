from __future__ import annotations

from typing import Any

import pytest
import xmltodict
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.body import Limits
from collectors.wechat.reading import read_message
from schemas.errors import Rejected

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><A>&b;</A></xml>'
FETCHER = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><A>&a;</A></xml>'
OUTSIDE = '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><xml><A>1</A></xml>'


def reason_of(body: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(Rejected) as refusal:
        read_message(body, limits or Limits())
    return refusal.value.reason.code


@pytest.mark.parametrize("body", [BOMB, FETCHER, OUTSIDE, f"<?xml version='1.0'?>\n{BOMB}", "<!DOCTYPE html>"])
def test_a_document_type_is_refused_before_it_can_define_anything(body: str) -> None:
    assert reason_of(body.encode()) == "bad-xml"


NAMES = st.sampled_from(["A", "Bc", "MsgType", "_d"])
VALUES = st.text("ab12<&>'\"/ 你😀", min_size=1, max_size=8).filter(lambda text: text.strip() == text)
MAPS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=2)
TREES = VALUES | st.lists(VALUES | MAPS, min_size=2, max_size=3) | st.dictionaries(NAMES, VALUES | MAPS, min_size=1, max_size=2)


def written(tree: Any) -> str:
    if isinstance(tree, str):
        return f"<![CDATA[{tree}]]>"
    parts = ((name, item) for name, value in tree.items() for item in (value if isinstance(value, list) else [value]))
    return "".join(f"<{name}>{written(item)}</{name}>" for name, item in parts)


@settings(deadline=None)
@given(st.dictionaries(NAMES, TREES, min_size=1, max_size=3))
def test_xml_is_read_as_another_library_reads_it(tree: dict[str, Any]) -> None:
    body = f"<xml>{written(tree)}</xml>".encode()
    assert read_message(body, Limits()) == xmltodict.parse(body)["xml"] == tree


def test_blanks_between_elements_are_nothing_and_those_of_a_text_stay() -> None:
    assert read_message(b"<xml>\n  <A> a </A>\n  <B>\n    <C/>\n  </B>\n</xml>", Limits()) == {"A": " a ", "B": {"C": ""}}


def test_characters_that_xml_cannot_write_are_left_out() -> None:
    assert read_message(b"<xml><A>a\x00\x14\x1fb\tc</A></xml>", Limits()) == {"A": "ab\tc"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad-xml"),
        (b"<xml>", "bad-xml"),
        (b"<xml><A></B></xml>", "bad-xml"),
        (b"<xml><A>\xff</A></xml>", "bad-xml"),
        (b"<xml/><xml/>", "bad-xml"),
        (b"<?xml version='1.0' encoding='nonsense'?><xml><A>1</A></xml>", "bad-xml"),
        (b"<xml>&nbsp;</xml>", "bad-xml"),
        (b"<xml>text</xml>", "bad-shape"),
        (b"<xml/>", "bad-shape"),
        (b"<a>" * 100_000, "event-too-large"),
        (b"<a>" * 10_000, "too-deep"),
        (b"<xml>" + b"<a/>" * 5_000 + b"</xml>", "too-many-keys"),
        (b"[1]", "bad-shape"),
        (b"{", "bad-json"),
    ],
)
def test_what_cannot_be_read_says_so(body: bytes, reason: str) -> None:
    assert reason_of(body) == reason


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(noise: bytes) -> None:
    for body in (noise, b"<xml>" + noise + b"</xml>", b"<?xml version='1.0'" + noise):
        try:
            assert isinstance(read_message(body, Limits()), dict)
        except Rejected:
            continue
