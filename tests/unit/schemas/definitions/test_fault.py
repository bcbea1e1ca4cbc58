from __future__ import annotations

from schemas.definitions.fault import Fault, near_match
from schemas.definitions.model import Comparison, TagNode


def test_a_fault_is_one_line_for_people() -> None:
    fault = Fault("shop/segments.yaml", 12, "segments.hot_shoes.when.all[0].witin", "'witin'", "one of where, within", "within")
    assert str(fault) == (
        "shop/segments.yaml:12: segments.hot_shoes.when.all[0].witin: found 'witin', expected one of where, within; did you mean 'within'?"
    )


def test_a_fault_stays_one_line_whatever_a_key_holds() -> None:
    fault = Fault("a.json", 1, "tags.\n\x1b[31m", "null", "a mapping")
    assert str(fault) == "a.json:1: tags.\\n\\x1b[31m: found null, expected a mapping"


def test_a_near_match_ignores_case_and_very_long_words() -> None:
    assert near_match("Within", ["within", "where"]) == "within"
    assert near_match("qqq", ["within", "where"]) is None
    assert near_match("w" * 10_000, ["within"]) is None


def test_a_tag_node_without_comparisons_asks_for_presence() -> None:
    assert TagNode("a").presence_only
    assert not TagNode("a", score=(Comparison("gte", 1),)).presence_only
