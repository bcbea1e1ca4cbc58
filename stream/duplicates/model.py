"""How much each agreement and each difference says: the one table of the search for duplicates.

Fellegi and Sunter's model as Splink computes it. ``m``: how often a level is met between two records of one person, ``u``: between
two people. They are given, not learnt: an estimate from a list of a hundred people says nothing, and one that changes from run to
run would show an operator other pairs each time. What depends on the list is taken from it: how common a name or a city is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

PEOPLE_TWICE: Final = 0.1
"""How many duplicates are expected, for each person: the prior is this over the number of people."""

LEAST_POPULATION: Final = 10_000
"""A shorter list is taken for a part of so many people: that one of three is called Schmidt does not make the name a common one."""


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of agreement. ``among``: ``u`` is this over the number of people (of a shared phone: a family's)."""

    words: str
    condition: str
    m: float
    u: float = 0.0
    among: float = 0.0
    common: str | None = None


def _either(column: str, condition: str) -> str:
    return condition.replace("{l}", f'"{column}_l"').replace("{r}", f'"{column}_r"')


_CLOSE: Final = "damerau_levenshtein({l}, {r}) <= 1"
_LONG: Final = "least(length({l}), length({r})) >= 4"
_WORDS_L: Final = "str_split(\"name_key_l\", ' ')"
_WORDS_R: Final = "str_split(\"name_key_r\", ' ')"
_FEWER: Final = f"(list_has_all({_WORDS_L}, {_WORDS_R}) OR list_has_all({_WORDS_R}, {_WORDS_L}))"
_LEAST_WORDS: Final = f"least(len({_WORDS_L}), len({_WORDS_R}))"
_SHARED_WORD: Final = f"list_has_any({_WORDS_L}, {_WORDS_R})"
_SHARED_SIGN: Final = "\"name_key_l\" > '\u2e80' AND len(list_intersect(str_split(\"name_key_l\", ''), str_split(\"name_key_r\", ''))) > 0"
_NAME_CLOSE: Final = " OR ".join(
    f"({_either(column, f'{_CLOSE} AND {_LONG}')}) OR ({_either(column, 'jaro_winkler_similarity({l}, {r}) >= 0.94')})"
    for column in ("name", "name_key")
)
_NAME_SIGN: Final = " OR ".join(
    f"({_either(column, f'{_CLOSE} AND {{l}} > chr(11904) AND greatest(length({{l}}), length({{r}})) >= 3')})"
    for column in ("name", "name_key")
)

FIELDS: Final[dict[str, tuple[Level, ...]]] = {
    "name": (
        Level("same name", '"name_key_l" = "name_key_r"', 0.74, 1e-3, common="name_key"),
        Level("name one slip apart", _NAME_CLOSE, 0.12, 4e-4),
        Level("name one sign apart", _NAME_SIGN, 0.10, 1.2e-2),
        Level("name with fewer words", f"{_FEWER} AND {_LEAST_WORDS} >= 2", 0.02, 4e-4),
        Level("only a part of the name known", f"{_FEWER} AND {_LEAST_WORDS} = 1", 0.02, 0.02),
        # A family has phone, city and birthdays of twins in common, and the model takes fields for independent: it is put right here.
        Level("another name of one family", f"({_SHARED_WORD}) OR ({_SHARED_SIGN})", 1e-6, 0.08),
        Level("other name", "ELSE", 0.01, 0.9),
    ),
    "phone": (
        Level("same phone", _either("phone", "{l} = {r}"), 0.62, among=0.05),
        Level("phone one slip apart", _either("phone", f"{_CLOSE} AND least(length({{l}}), length({{r}})) >= 8"), 0.13, 1e-6),
        Level("other phone", "ELSE", 0.25, 1.0),
    ),
    "email": (
        Level("same e-mail", _either("email", "{l} = {r}"), 0.62, among=0.02),
        Level("e-mail one slip apart", _either("email", f"{_CLOSE} AND least(length({{l}}), length({{r}})) >= 10"), 0.12, 1e-4),
        Level("other e-mail", "ELSE", 0.26, 1.0),
    ),
    "city": (
        Level("same city", _either("city", "{l} = {r}"), 0.9, 0.05, common="city"),
        Level("city one slip apart", _either("city", f"{_CLOSE} AND {_LONG}"), 0.02, 2e-3),
        Level("other city", "ELSE", 0.08, 0.95),
    ),
    "birthday": (
        Level("same birthday", _either("birthday", "{l} = {r}"), 0.88, 7e-5),
        Level("birthday one slip apart", _either("birthday", _CLOSE), 0.05, 2.5e-3),
        Level(
            "day and month of the birthday swapped",
            _either("birthday", "length({l}) = 8 AND {l} = left({r}, 4) || substr({r}, 7, 2) || substr({r}, 5, 2)"),
            0.03,
            7e-5,
        ),
        Level("other birthday", "ELSE", 0.04, 0.997),
    ),
}


def population_of(people: int) -> int:
    """Among how many a list of so many people is taken to be."""
    return max(people, LEAST_POPULATION)


def settings_of(population: int, block_columns: Iterable[str]) -> dict[str, Any]:
    """Splink's settings for so many people. The columns hold what a pair must agree in, one of them at least."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "id",
        "probability_two_random_records_match": PEOPLE_TWICE / population,
        "blocking_rules_to_generate_predictions": [f'l."{column}" = r."{column}"' for column in block_columns],
        "comparisons": [_comparison(field, levels, population) for field, levels in FIELDS.items()],
    }


def _comparison(field: str, levels: tuple[Level, ...], population: int) -> dict[str, Any]:
    null = {"sql_condition": f'"{field}_l" IS NULL OR "{field}_r" IS NULL', "label_for_charts": "not known", "is_null_level": True}
    return {"output_column_name": field, "comparison_levels": [null, *(_level(level, population) for level in levels)]}


def _level(level: Level, population: int) -> dict[str, Any]:
    found = {
        "sql_condition": level.condition,
        "label_for_charts": level.words,
        "m_probability": level.m,
        "u_probability": level.among / population if level.among else level.u,
    }
    if level.common is not None:
        found |= {"tf_adjustment_column": level.common, "tf_adjustment_weight": 1.0, "disable_tf_exact_match_detection": True}
    return found


def words_of(field: str, gamma: int) -> str | None:
    """What Splink's number of a level means; None if the field is not known of both."""
    levels = FIELDS[field]
    return None if gamma < 0 else levels[len(levels) - 1 - gamma].words
