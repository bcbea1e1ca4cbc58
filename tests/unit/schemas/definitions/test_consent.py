# ruff: noqa: E501 - a table of faults is read by its rows
from __future__ import annotations

import pytest

from schemas.definitions.bundle import bundle_from_json, bundle_to_json, next_bundle
from schemas.definitions.consent_model import ConsentNode, Purpose
from schemas.definitions.difference import difference
from schemas.definitions.leaf import leaf_hash
from schemas.definitions.model import AllOf, Bundle, EventMatch, EventNode, SequenceNode
from schemas.definitions.written import written
from tests.unit.schemas.definitions.reading import faults, faults_of, read

PURPOSES = "settings: {consent: {analytics: opt_in, Marketing: opt_out}}\n"
IN, OUT = ConsentNode("analytics"), ConsentNode("Marketing", unless_said=True)


def test_purposes_are_declared_once_and_named_wherever_consent_is_needed() -> None:
    found = read(
        f"""{PURPOSES}
tags: [{{id: t, rules: [{{event: e, needs: analytics}}, {{event: e, needs: [Marketing, analytics, Marketing]}}]}}]
segments:
  - {{id: a, when: {{event: e, needs: analytics}}}}
  - {{id: b, when: {{sequence: [{{event: e, needs: Marketing}}, {{event: f}}]}}}}
  - {{id: c, when: {{consent: Marketing}}}}
senders: [{{id: s, url: 'https://a.example/', secret_env: S, needs: Marketing}}]
"""
    )
    assert found.settings.consent == (Purpose("analytics"), Purpose("Marketing", unless_said=True))
    assert [rule.match.needs for rule in found.tags[0].rules] == [(IN,), (OUT, IN)]
    event, sequence, consent = (segment.when for segment in found.segments)
    assert isinstance(event, EventNode)
    assert event.match.needs == (IN,)
    assert isinstance(sequence, SequenceNode)
    assert [step.needs for step in sequence.steps] == [(OUT,), ()]
    assert consent == OUT
    assert found.senders[0].needs == ("Marketing",)
    bundle = next_bundle(Bundle(), found)
    assert bundle_from_json(bundle_to_json(bundle)) == bundle
    assert written(consent) == {"consent": "Marketing"}
    assert written(found.tags[0].rules[1])["needs"] == ["Marketing", "analytics"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tags: [{id: t, rules: [{event: e, needs: analytic}]}]", "tags.t.rules.rule-1.needs: found 'analytic', expected a purpose that stands in settings.consent; did you mean 'analytics'?"),
        ("segments: [{id: s, when: {event: e, needs: [marketing]}}]", "segments.s.when.needs[0]: found 'marketing', expected a purpose that stands in settings.consent; did you mean 'Marketing'?"),
        ("segments: [{id: s, when: {event: e, needs: []}}]", "segments.s.when.needs: found an empty list, expected at least one purpose"),
        ("segments: [{id: s, when: {consent: sales}}]", "segments.s.when.consent: found 'sales', expected a purpose that stands in settings.consent"),
        ("segments: [{id: s, when: {consent: 3}}]", "segments.s.when.consent: found 3, expected a purpose that stands in settings.consent"),
        ("senders: [{id: s, url: 'https://a.example/', secret_env: S, needs: marketin}]", "senders.s.needs: found 'marketin', expected a purpose that stands in settings.consent; did you mean 'Marketing'?"),
    ],
)  # fmt: skip
def test_a_purpose_that_is_not_declared_is_a_fault_with_a_near_match(text: str, told: str) -> None:
    assert faults(PURPOSES + text) == [f"a.yaml:2: {told}".replace("rules.rule-1", "rules[0]")]


@pytest.mark.parametrize(
    ("consent", "told"),
    [
        ("{analytics: optin}", "settings.consent.analytics: found 'optin', expected one of opt_in, opt_out; did you mean 'opt_in'?"),
        ("{analytics: true}", "settings.consent.analytics: found true, expected one of opt_in, opt_out"),
        ("{'a b': opt_in}", "settings.consent['a b']: found 'a b', expected a purpose: a letter, then at most 63 letters, digits, _ or -"),
        ("[analytics]", "settings.consent: found a list, expected a map of purpose and opt_in or opt_out"),
    ],
)
def test_a_fault_of_the_purposes_tells_its_place(consent: str, told: str) -> None:
    assert faults(f"settings: {{consent: {consent}}}") == [f"a.yaml:1: {told}"]


def test_where_a_file_cannot_be_read_no_purpose_is_a_fault() -> None:
    found = faults_of({"a.yaml": "tags: [{id: t, rules: [{event: e, needs: analytics}]}]", "b.yaml": "settings: {"})
    assert [fault for fault in found if fault.startswith("a.yaml")] == []


def test_what_needs_consent_is_counted_apart_and_what_does_not_keeps_its_name() -> None:
    plain = EventMatch(("e",), AllOf(()))
    names = {leaf_hash(EventNode(EventMatch(("e",), AllOf(()), needs))) for needs in ((), (IN,), (OUT,), (ConsentNode("analytics", True),))}
    assert len(names) == 4
    assert leaf_hash(EventNode(plain)) == "f5ac25703ee97d01"
    assert leaf_hash(EventNode(plain)) == "4a1e3c2e" or leaf_hash(EventNode(plain)) in names


def test_a_changed_purpose_is_told_in_the_words_of_the_language() -> None:
    old, new = read(PURPOSES), read("settings: {consent: {analytics: opt_out, Marketing: opt_out}}")
    assert [str(change) for change in difference(old, new)] == ['~ settings\n    consent[0].analytics: "opt_in" → "opt_out"']
