from __future__ import annotations

import json
from typing import Any

import pytest

from collectors.inspection import Inspect, inspection
from collectors.normalise import Arrival, normalise
from schemas.errors import Rejected
from tests.unit.schemas.definitions.reading import read

NOW = 1_764_000_000_000
CHECKS = """
quality:
  checks:
    - {id: phone, path: traits.phone, verify: phone, region: CN, rewrite: true}
    - {id: age, path: traits.age, type: whole, otherwise: drop}
    - {id: price, path: properties.price, range: {gte: 0}, otherwise: refuse}
"""


def looked(call: dict[str, Any], kind: str = "identify") -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    counted: list[tuple[str, str, str]] = []
    inspect = inspection(read(CHECKS).quality, lambda *finding: counted.append(finding))
    _, value = normalise({"userId": "u1", **call}, kind, None, Arrival(NOW, "web", "segment", inspect=inspect))
    return json.loads(value), counted


def test_an_event_is_published_as_the_checks_leave_it_and_findings_are_counted_by_source_and_check() -> None:
    event, counted = looked({"traits": {"phone": "nothing", "age": "old", "city": "Bonn"}})

    assert event["traits"] == {"phone": "nothing", "city": "Bonn"}
    assert event["context"] == {"quality": ["traits.phone: not a phone", "traits.age: not a whole number"]}
    assert counted == [("web", "phone", "keep"), ("web", "age", "drop")]


def test_what_is_right_is_rewritten_and_not_counted() -> None:
    event, counted = looked({"traits": {"phone": "138 1234 5678", "age": 40}})

    assert event["traits"] == {"phone": "+8613812345678", "age": 40}
    assert (event["context"], counted) == ({}, [])


def test_a_refused_event_has_a_reason_that_names_the_path_and_not_the_value() -> None:
    with pytest.raises(Rejected) as refused:
        looked({"event": "bought", "properties": {"price": -77}}, "track")
    assert (refused.value.reason.code, refused.value.detail) == ("poor-quality", "properties.price: not at least 0")


def test_an_id_that_is_a_hash_is_that_of_the_call_as_it_came() -> None:
    call = {"timestamp": NOW, "traits": {"phone": "138 1234 5678"}}
    plain = json.loads(normalise({"userId": "u1", **call}, "identify", None, Arrival(NOW, "web", "segment"))[1])
    assert looked(call)[0]["id"] == plain["id"]


def test_without_checks_nothing_is_asked() -> None:
    nothing: Inspect | None = inspection(read("quality: {decoys: [{id: 'user:d'}]}").quality, lambda *_: None)
    assert nothing is None
