from __future__ import annotations

import pytest

from schemas.definitions.nodes import Listing, Scalar, Unreadable
from schemas.definitions.view import describe


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Unreadable(".nan", "a finite number"), ".nan"),
        ("shoes", "'shoes'"),
        (None, "nothing"),
        (True, "true"),
        (12, "12"),
    ],
)
def test_what_stands_there_is_said_in_words(found: str | float | Unreadable | None, words: str) -> None:
    assert describe(Scalar(1, found)) == words


def test_an_empty_list_is_said_to_be_one() -> None:
    assert describe(Listing(1, ())) == "an empty list"
