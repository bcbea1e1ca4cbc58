"""The fixed tables: rejections, errors, topics."""

from __future__ import annotations

import re

import pytest

from schemas import errors, rejection
from schemas.errors import DefinitionFaults, EbbtideError, Misconfigured, Rejected
from schemas.rejection import BY_CODE, REASONS, Reason
from schemas.topics import Topics


def test_every_reason_has_a_code_of_its_own() -> None:
    assert len(BY_CODE) == len(REASONS) > 30
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in BY_CODE)


def test_every_reason_of_the_module_is_in_the_table() -> None:
    assert {value for value in vars(rejection).values() if isinstance(value, Reason)} == set(REASONS)


def test_only_a_collector_answers_with_a_status() -> None:
    for reason in REASONS:
        assert (reason.status in range(400, 600)) == (reason.stage == "collector")


def test_what_lanes_and_senders_refuse_is_always_kept() -> None:
    assert all(reason.dead_letter for reason in REASONS if reason.stage != "collector")


def test_what_a_stranger_sends_without_a_key_is_never_kept() -> None:
    assert not any(reason.dead_letter for reason in REASONS if reason.status in (401, 403, 404, 405, 408, 413, 431, 503))


def test_a_refusal_tells_code_and_detail() -> None:
    assert str(Rejected(rejection.TOO_OLD)) == "too-old"
    assert str(Rejected(rejection.TOO_OLD, "by far")) == "too-old: by far"
    assert Rejected(rejection.TOO_OLD, "by far").detail == "by far"


@pytest.mark.parametrize("error", [errors.Rejected, errors.Unavailable, errors.Fenced, errors.Misconfigured, errors.DefinitionFaults])
def test_every_error_has_one_root(error: type[Exception]) -> None:
    assert issubclass(error, EbbtideError)


def test_wrong_definitions_are_something_that_only_a_person_can_mend() -> None:
    assert isinstance(DefinitionFaults(()), Misconfigured)


def test_topics_carry_the_prefix() -> None:
    topics = Topics("shop.")

    names = [topics.events, topics.transitions, topics.dead_letters, topics.definitions]
    assert names == ["shop.events", "shop.transitions", "shop.dead-letters", "shop.definitions"]
    assert [topic.name for topic in topics.catalogue()] == names


def test_events_and_transitions_have_equal_partitions_and_events_the_brokers_time() -> None:
    events, transitions, dead_letters, definitions = Topics(partitions=3, retention_ms=1_000).catalogue()

    assert (events.partitions, transitions.partitions, dead_letters.partitions, definitions.partitions) == (3, 3, 1, 1)
    assert events.settings["message.timestamp.type"] == "LogAppendTime"
    assert {topic.settings["retention.ms"] for topic in (events, transitions, dead_letters)} == {"1000"}


def test_definitions_are_kept_for_ever() -> None:
    definitions = Topics().catalogue()[3]

    assert definitions.settings == {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
