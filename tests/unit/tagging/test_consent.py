"""What a statement of consent gives, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.consent_model import ConsentNode
from schemas.definitions.model import AllOf, EventMatch, PathTest
from tagging.consent import compile_match, gives, gives_all

IN, OUT = ConsentNode("analytics"), ConsentNode("marketing", unless_said=True)


@pytest.mark.parametrize("unless_said", [True, False])
def test_where_nothing_was_said_the_definitions_decide(unless_said: bool) -> None:
    assert gives(None, "analytics", unless_said=unless_said) is unless_said
    assert gives({}, "analytics", unless_said=unless_said) is unless_said
    assert gives({"marketing": not unless_said}, "analytics", unless_said=unless_said) is unless_said


@pytest.mark.parametrize(
    "said", [{"marketing": False}, {"marketing": None}, {"marketing": "true"}, {"marketing": 1}, False, True, [], "all"]
)
def test_only_the_word_true_at_a_purpose_gives_consent(said: Any) -> None:
    assert not gives(said, "marketing", unless_said=True)
    assert gives({"marketing": True}, "marketing", unless_said=False)


def test_all_that_is_needed_must_be_given() -> None:
    assert gives_all({"analytics": True}, (IN, OUT))
    assert not gives_all({"analytics": True, "marketing": False}, (IN, OUT))
    assert not gives_all(None, (IN, OUT))
    assert gives_all(None, ())


def test_a_match_with_needs_asks_for_both() -> None:
    cheap = PathTest("price", "lt", 5)
    both, alone = compile_match(EventMatch(("e",), cheap, (IN,))), compile_match(EventMatch(("e",), AllOf(()), (IN,)))
    assert compile_match(EventMatch(("e",), AllOf(()))) is None
    assert both is not None
    assert alone is not None

    def given() -> dict[str, Any]:
        return {"consent": {"analytics": True}}

    event: dict[str, Any] = {}
    assert alone(event, given)
    assert not alone(event, dict)
    assert not both(event, given)
