"""What is drawn at random, from Hypothesis (which can make a failing case small) or from a seed (which is fast)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@dataclass(frozen=True)
class Dice:
    """``below(n)`` draws a whole number from 0 to n − 1; the first of what may be drawn is the simplest."""

    below: Callable[[int], int]

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def flag(self) -> bool:
        """False or true."""
        return self.below(2) == 1


@cache
def below(number: int) -> st.SearchStrategy[int]:
    """Whole numbers from 0 to number − 1."""
    return st.integers(0, number - 1)
