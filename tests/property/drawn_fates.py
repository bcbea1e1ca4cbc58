"""How the owners of a partition die, one after the other, drawn at random."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from tests.property.dice import Dice, below
from tests.property.drawn_logs import Case, case_of
from tests.property.mortal import Death, Manner
from tests.property.world import Fate

_MOST = 10


def fate_of(dice: Dice) -> Fate:
    """None to ten deaths, early in a life or late, and sometimes calls that fail without a death."""
    deaths: list[Death] = []
    while dice.below(8) and len(deaths) < _MOST:
        deaths.append(Death(1 + dice.below(dice.pick((10, 40, 100))), dice.pick(get_args(Manner)), dice.pick((0.0, 0.01, 0.3, 3.0))))
    return Fate(tuple(deaths), dice.below(1 << 30), dice.pick((0, 0, 30, 10)))


@st.composite
def mortal_cases(draw: st.DrawFn) -> tuple[Case, Fate]:
    """Cases, each with a fate, that Hypothesis draws and makes small."""
    dice = Dice(lambda number: draw(below(number)))
    return case_of(dice), fate_of(dice)
