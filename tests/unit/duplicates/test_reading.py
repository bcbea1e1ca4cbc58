from __future__ import annotations

from pathlib import Path

import pytest

from schemas.definitions.quality_model import DuplicateSearch, QualityRules
from schemas.errors import Misconfigured
from stream.duplicates.reading import listed
from stream.duplicates.report import rules_over


def test_a_list_has_a_person_a_line(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"person": "user:u1", "traits": {"name": "Ann"}}\n{"person": "user:u2", "traits": {}, "more": 1}\n', encoding="utf-8")
    assert list(listed(file)) == [("user:u1", {"name": "Ann"}), ("user:u2", {})]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"person": 3, "traits": {}}', '{"person": "user:u1"}', ""])
def test_a_line_that_is_no_person_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(f'{{"person": "user:u1", "traits": {{}}}}\n{line}\n', encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"people\.jsonl:2: found another line"):
        list(listed(file))


def test_the_command_line_stands_over_the_definitions_and_they_over_what_is_usual() -> None:
    said = QualityRules(duplicates=DuplicateSearch(block_by=("email",), at_least=0.7))
    assert rules_over(said, None, ()) == said
    assert rules_over(said, 0.9, ("phone", "phone", "name+city")).duplicates == DuplicateSearch(
        block_by=("phone", "name+city"), at_least=0.9
    )
    with pytest.raises(Misconfigured, match="did you mean 'phone'"):
        rules_over(said, None, ("name+fone",))
