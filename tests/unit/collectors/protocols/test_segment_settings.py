"""What Segment's clients are told before they send."""

from __future__ import annotations

import pytest

from tests.unit.collectors.asking import ADDRESS, BASIC, KEY, ask

PATH = f"/v1/projects/{KEY}/settings"


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ({}, "http"),
        ({"origin": "http://shop.example"}, "http"),
        ({"origin": "https://shop.example"}, "https"),
        ({"x-forwarded-proto": "https"}, "https"),
        ({"x-forwarded-proto": "http", "origin": "https://shop.example"}, "http"),
    ],
)
def test_the_settings_lead_back_to_the_address_that_was_asked(headers: dict[str, str], scheme: str) -> None:
    told = ask(PATH, headers=headers)
    assert told.answer.status == 200
    destination = told.json["integrations"]["Segment.io"]
    assert destination["apiHost"] == "collect.shop.example/v1"
    assert destination["protocol"] == scheme
    assert destination["apiKey"] == KEY
    assert b"no-store" in told.answer.head


def test_a_host_that_is_none_is_not_repeated() -> None:
    assert ask(PATH, headers={"host": 'evil"<'}).json["integrations"]["Segment.io"]["apiHost"] == "localhost/v1"


def test_an_unknown_project_has_no_settings() -> None:
    told = ask("/v1/projects/guess/settings")
    assert (told.answer.status, told.reason) == (401, "unknown-write-key")


def test_consent_and_integrations_stay_apart() -> None:
    consent = {"categoryPreferences": {"Advertising": False, "Analytics": True}}
    call = {"type": "track", "userId": "u1", "event": "viewed", "context": {"consent": consent}, "integrations": {"All": False}}
    single = ask("/v1/t", call, BASIC).event
    (batched,) = ask("/v1/b", {"batch": [call], "context": {"consent": {"old": True}}}, BASIC).events

    assert single["context"]["consent"] == batched["context"]["consent"] == consent
    assert single["context"]["ip"] == ADDRESS
    assert "integrations" not in single
