from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.quality_model import Check, DuplicateSearch, QualityRules
from stream.duplicates.rows import Row, RowMaker

RULES = QualityRules(
    (
        Check("city", "traits.city", canonical={"peking": "北京"}, enum=("Bonn",), otherwise="drop"),
        Check("phone", "traits.phone", verify="phone"),
        Check("bought", "properties.city", canonical={"bonn": "Köln"}),
    ),
    duplicates=DuplicateSearch(region="CN"),
)


def row(rules: QualityRules = RULES, **traits: Any) -> Row | None:
    return RowMaker(rules).row("user:u1", traits)


@pytest.mark.parametrize(
    ("field", "traits", "held"),
    [
        ("name", {"name": " Müller,  JÜRGEN "}, "mueller juergen"),
        ("name_key", {"name": " Müller,  JÜRGEN "}, "juergen mueller"),
        ("name", {"firstName": "José", "lastName": "O'Neill"}, "jose o neill"),
        ("name", {"last_name": "王", "first_name": "小明"}, "小明王"),
        ("name_key", {"name": "王小明"}, "小明王"),
        ("name_key", {"name": "Wang 明"}, "wang 明"),
        ("name", {"name": "…"}, None),
        ("name", {"name": " ", "first_name": "Ann"}, "ann"),
        ("phone", {"phone": "138 1234 5678"}, "+8613812345678"),
        ("phone", {"phone": "0049 30 901820"}, "+4930901820"),
        ("phone", {"phone": 13812345678}, "+8613812345678"),
        ("phone", {"phone": "Tel."}, None),
        ("email", {"email": " Ann@Example.COM"}, "ann@example.com"),
        ("email", {"email": "none"}, None),
        ("city", {"city": "PEKING"}, "北京"),
        ("city", {"address": {"city": "Saint-Malo"}}, "saint malo"),
        ("city", {"address": "Saint-Malo"}, None),
        ("birthday", {"birthday": "1990-05-12"}, "19900512"),
        ("birthday", {"birthday": ["1990-05-12"]}, None),
    ],
)
def test_what_is_compared_has_one_form(field: str, traits: dict[str, Any], held: str | None) -> None:
    found = row(**traits, email2="x")
    assert getattr(found, field, None) == held


def test_who_has_nothing_to_compare_is_left_out() -> None:
    assert row(colour="blue") is None


def test_paths_are_those_of_the_definitions() -> None:
    rules = QualityRules(duplicates=DuplicateSearch(email=("mails[]", "mail")))
    assert row(rules, mails=["a@example.com", "b@example.com"]) == Row("user:u1", None, None, None, "a@example.com", None, None)
    assert row(rules, mails=[], mail="c@example.com") == Row("user:u1", None, None, None, "c@example.com", None, None)
