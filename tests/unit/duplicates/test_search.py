"""Does the search find who is there twice, and nobody else? On generated lists whose duplicates are known."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from schemas.definitions.quality_model import Check, DuplicateSearch, QualityRules
from schemas.folding import folded
from stream.duplicates.rows import RowMaker
from stream.duplicates.search import MOST_IN_A_BLOCK, Pair, Search
from tests.corpus.people import CITIES, people

CITY_NAMES = {folded(word): city for city, words in CITIES.items() for word in words}
RULES = QualityRules((Check("city", "traits.city", canonical=CITY_NAMES),), duplicates=DuplicateSearch(region="CN"))


def pairs_of(folder: Path, traits: Iterable[tuple[str, dict[str, Any]]], rules: QualityRules = RULES) -> tuple[list[Pair], dict[str, int]]:
    maker = RowMaker(rules)
    with Search(folder) as search:
        for person, known in traits:
            if (row := maker.row(person, dict(known))) is not None:
                search.add(row)
        return list(search.pairs(rules.duplicates)), search.left_out


def measured(folder: Path, count: int, seed: int) -> tuple[float, float]:
    """Precision and recall over pairs."""
    listed = people(count, seed)
    pairs, _ = pairs_of(folder, listed.traits.items())
    found = {(pair.person, pair.other) for pair in pairs}
    assert len(found) == len(pairs), "a pair is told once"
    return len(found & listed.pairs) / len(found), len(found & listed.pairs) / len(listed.pairs)


def test_of_20_000_people_with_a_tenth_of_duplicates_the_pairs_are_right_and_nearly_all_are_found(tmp_path: Path) -> None:
    precision, recall = measured(tmp_path, 20_000, seed=20_261_125)
    assert precision >= 0.98
    assert recall >= 0.9


@pytest.mark.parametrize("seed", [7, 8])
def test_a_list_of_2_000_is_no_different(tmp_path: Path, seed: int) -> None:
    precision, recall = measured(tmp_path, 2_000, seed)
    assert precision >= 0.98
    assert recall >= 0.9


ANN: dict[str, Any] = {
    "name": "Anna Schmidt",
    "phone": "+4915123456789",
    "email": "anna@example.com",
    "city": "Berlin",
    "birthday": "1990-05-12",
}


def two(folder: Path, **changed: Any) -> list[Pair]:
    return pairs_of(
        folder, [("user:b", ANN), ("user:a", {name: value for name, value in {**ANN, **changed}.items() if value is not None})]
    )[0]


def test_a_pair_says_what_agrees_and_what_does_not(tmp_path: Path) -> None:
    (pair,) = two(tmp_path, name="Schmidt, Ana", birthday="1990-12-05", city=None, email="other@example.com")
    assert (pair.person, pair.other) == ("user:a", "user:b")
    assert pair.score > 0.95
    assert pair.why == ("name one slip apart", "same phone", "other e-mail", "day and month of the birthday swapped")


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Schmidt Anna", "phone": "0049 151 23456789", "email": None, "birthday": None},
        {"name": None, "birthday": None},
        {"phone": "+4917612345678", "email": "a.schmidt@example.org"},
        {"name": "Anna Maria Schmidt", "email": None, "birthday": None},
        {"name": "Bob Schmidt"},
    ],
)
def test_who_agrees_in_enough_is_one_person(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert len(two(tmp_path, **changed)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"phone": None, "email": None, "birthday": None},
        {"name": "Otto Krause", "email": "otto@example.com", "birthday": "1988-01-30"},
        {"name": "Otto Schmidt", "email": "otto@example.com", "birthday": None},
        {"name": "Lena Schmidt", "email": "lena@example.com"},
        {"phone": "+4917612345678", "email": "x@example.org", "birthday": "1971-11-02"},
    ],
    ids=["namesakes", "flat-mates", "family", "twins", "namesakes who differ"],
)
def test_who_only_looks_alike_is_not(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert two(tmp_path, **changed) == []


def test_a_value_that_too_many_share_makes_no_pairs_and_is_counted(tmp_path: Path) -> None:
    everybody = [(f"user:{number}", {"name": f"Person {number}", "phone": "10000000000"}) for number in range(MOST_IN_A_BLOCK + 1)]
    pairs, left_out = pairs_of(tmp_path, everybody)
    assert (pairs, left_out["phone"], left_out["email"]) == ([], 1, 0)


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_have_no_duplicates(tmp_path: Path, count: int) -> None:
    assert pairs_of(tmp_path, [("user:a", ANN)] * count)[0] == []


def test_only_who_agrees_in_a_key_is_compared(tmp_path: Path) -> None:
    rules = QualityRules(duplicates=DuplicateSearch(block_by=("phone",)))
    changed = {**ANN, "phone": "+4917612345678"}
    assert pairs_of(tmp_path, [("user:a", ANN), ("user:b", changed)], rules)[0] == []
