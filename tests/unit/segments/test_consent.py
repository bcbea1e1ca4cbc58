"""Consent: what is not counted without it, who is in a segment by it, and what a transition says of it."""

from __future__ import annotations

import json

from tests.unit.segments.scene import story

SHOP = """
settings: {consent: {analytics: opt_in, marketing: opt_out}}
tags: [{id: keen, rules: [{event: viewed, needs: analytics}]}]
segments:
  - {id: a_keen, when: {tag: keen}}
  - {id: b_seen, when: {event: viewed, needs: analytics, count: {gte: 2}}}
  - {id: c_reachable, when: {consent: marketing}}
"""


def test_without_consent_an_event_puts_no_tag_and_is_not_counted() -> None:
    shop = story(SHOP)
    shop.event(0)
    shop.event(1, traits={"consent": {"analytics": False}})
    shop.event(2, traits={"consent": {"analytics": True}})
    shop.event(3)

    assert shop.rows() == [("c_reachable", "in", 0, "event"), ("a_keen", "in", 2, "event"), ("b_seen", "in", 3, "event")]


def test_consent_holds_from_the_very_event_that_gives_or_withdraws_it() -> None:
    shop = story(SHOP)
    shop.event(0, traits={"consent": {"analytics": True, "marketing": True}})
    shop.event(1, traits={"consent": {"analytics": False, "marketing": False}})
    shop.event(2)

    assert shop.rows() == [("a_keen", "in", 0, "event"), ("c_reachable", "in", 0, "event"), ("c_reachable", "out", 1, "event")]
    assert [one.consent for one in shop.out] == [("analytics", "marketing"), ("analytics", "marketing"), ()]


def test_an_older_statement_changes_nothing_and_the_newest_holds_whole() -> None:
    shop = story(SHOP)
    shop.event(5, event_at=5, traits={"consent": {"marketing": False}})
    shop.event(6, event_at=4, traits={"consent": {"analytics": True, "marketing": True}})

    assert shop.rows() == []
    shop.event(7, traits={"consent": {"analytics": True}})
    assert [row[0] for row in shop.rows()] == ["a_keen", "c_reachable"]


def test_a_transition_carries_what_was_given_when_it_happened_and_nothing_if_no_purpose_is_declared() -> None:
    shop = story(SHOP)
    shop.event(0)
    plain = story("segments: [{id: s, when: {event: viewed}}]")
    plain.event(0, traits={"consent": {"analytics": True}})

    assert [json.loads(one.to_json())["data"].get("consent") for one in (*shop.out, *plain.out)] == [["marketing"], None]
