"""Values of events as leaves keep them: numbers exactly, other values as small keys that are equal where the values are.

A state is packed as msgpack, whose integers end at 64 bits: a larger one is kept as its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from hashlib import blake2b
from math import fsum
from typing import Any, Final

from tagging.paths import MISSING, Many

_PLAIN_MAX: Final = 1 << 63
_EXACT_MAX: Final = 1 << 53
_GREATEST: Final = 1e290
_PLAIN_CHARACTERS: Final = 16

Number = int | float
Key = int | float | str | bytes


def elements(found: Any) -> Iterable[Any]:
    """The values that a path found: none, one, or with ``[]`` several."""
    if found is MISSING:
        return ()
    return found if type(found) is Many else (found,)


def kept_numbers(found: Any) -> list[int | float | bytes]:
    """The numbers among what a path found, as they are kept; what is beyond ±1e290 is none, as with weights."""
    return [_kept(value) for value in elements(found) if _is_number(value)]


def plain_numbers(kept: Iterable[int | float | bytes]) -> list[Number]:
    """The numbers that ``kept_numbers`` gave."""
    return [int.from_bytes(value, "big", signed=True) if isinstance(value, bytes) else value for value in kept]


def value_key(value: Any) -> Key:
    """A key that two values share just if they are equal as JSON without coercion."""
    kind = type(value)
    if kind is int:
        return int(value) if -_PLAIN_MAX <= value < _PLAIN_MAX else _digest(f"i{value}")
    if kind is float:
        return value_key(int(value)) if value.is_integer() else float(value)
    if kind is str and len(value) <= _PLAIN_CHARACTERS:
        return str(value)
    return _digest(_canonical(value))


def exact_sum_of(numbers: list[Number]) -> Callable[[list[Number]], float]:
    """What adds these numbers, or some of them, exactly and then rounds; the quick way where all of them are doubles.

    A sum is always a double: a number is at most 1e290, and few are kept.
    """
    if all(type(number) is float or -_EXACT_MAX <= number <= _EXACT_MAX for number in numbers):
        return fsum
    return _sum_of_fractions


def _sum_of_fractions(numbers: list[Number]) -> float:
    return float(sum(map(Fraction, numbers)))


def _is_number(value: Any) -> bool:
    return (type(value) is float or type(value) is int) and -_GREATEST <= value <= _GREATEST


def _kept(value: Number) -> int | float | bytes:
    if type(value) is int and not -_PLAIN_MAX <= value < _PLAIN_MAX:
        return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    return value


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def _canonical(value: Any) -> str:
    """A text that tells any two different JSON values apart, and gives equal numbers one spelling."""
    kind = type(value)
    if kind is str:
        return f"s{len(value)}:{value}"
    if kind is list:
        return "[" + ",".join(map(_canonical, value)) + "]"
    if kind is dict:
        return "{" + ",".join(f"{_canonical(key)}:{_canonical(value[key])}" for key in sorted(value)) + "}"
    if kind is float and value.is_integer():
        return f"i{int(value)}"
    return f"i{value}" if kind is int else repr(value)
