"""What is compared of a person: the fields of the search for duplicates, each in the one form in which equal things are equal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import phonenumbers

from schemas.definitions.path import parse_path
from schemas.definitions.quality_model import QualityRules
from schemas.folding import folded
from schemas.quality import CompiledCheck

_LONGEST: Final = 256
_IDEOGRAPHS: Final = "\u2e80"
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae"})


class Row(NamedTuple):
    """One person as the database compares it. None: not known. ``name_key`` is the name with its parts in an order of its own."""

    id: str
    name: str | None
    name_key: str | None
    phone: str | None
    email: str | None
    city: str | None
    birthday: str | None


class RowMaker:
    """Makes rows under one set of definitions: its paths, and its canonical values, which what came in before them lacks."""

    def __init__(self, rules: QualityRules) -> None:
        search = rules.duplicates
        self._region = search.region
        self._paths = {name: _alternatives(getattr(search, name)) for name in ("name", "phone", "email", "city", "birthday")}
        forms = [check for check in rules.checks if check.path.startswith("traits.") and (check.canonical or check.unit is not None)]
        self._canonical = [CompiledCheck(replace(check, type=None, verify=None, range={}, enum=(), otherwise="keep")) for check in forms]

    def row(self, person_id: str, traits: dict[str, Any]) -> Row | None:
        """The row of a person; None if nothing is known that could be compared. May change ``traits``."""
        for check in self._canonical:
            check.ask({"traits": traits})
        said = {name: _first(paths, traits) for name, paths in self._paths.items()}
        name = said["name"] and _name(said["name"])
        row = Row(
            person_id,
            name,
            name and _name_key(name),
            said["phone"] and self._phone(said["phone"]),
            said["email"] and _email(said["email"]),
            said["city"] and _letters(said["city"]),
            said["birthday"] and _digits(said["birthday"]),
        )
        return row if any(row[1:]) else None

    def _phone(self, text: str) -> str | None:
        text = "+" + text[2:] if text.startswith("00") else text
        try:
            number = phonenumbers.parse(text, self._region)
        except phonenumbers.NumberParseException:
            return _digits(text)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _alternatives(texts: Iterable[str]) -> list[list[tuple[Any, ...]]]:
    return [[parse_path(part) for part in text.split("+")] for text in texts]


def _first(alternatives: list[list[tuple[Any, ...]]], traits: dict[str, Any]) -> str | None:
    for paths in alternatives:
        parts = [text for path in paths if (text := _text_at(traits, path)) is not None]
        if parts:
            return " ".join(parts)
    return None


def _text_at(value: Any, path: tuple[Any, ...]) -> str | None:
    for step in path:
        if type(value) is list and not isinstance(step, str):
            value = value[0] if value else None
        elif type(value) is dict:
            value = value.get(step)
        else:
            return None
    if type(value) is int:
        value = str(value)
    return value[:_LONGEST] if type(value) is str and value.strip() else None


def _letters(text: str) -> str | None:
    """Letters and digits in lower case without accents, words apart by one blank."""
    plain = unicodedata.normalize("NFKD", folded(text).translate(_UMLAUTS))
    kept = "".join(each if each.isalnum() else " " for each in plain if not unicodedata.combining(each))
    return " ".join(kept.split()) or None


def _name(text: str) -> str | None:
    letters = _letters(text)
    # Chinese names are written with and without a blank between their parts.
    return letters.replace(" ", "") if letters and min(letters.replace(" ", "")) >= _IDEOGRAPHS else letters


def _name_key(name: str) -> str:
    """The name in an order of its own, so that first and last name may stand in either."""
    return "".join(sorted(name)) if min(name) >= _IDEOGRAPHS else " ".join(sorted(name.split()))


def _email(text: str) -> str | None:
    text = folded(text)
    return text if "@" in text else None


def _digits(text: str) -> str | None:
    return "".join(each for each in unicodedata.normalize("NFKC", text) if each.isdigit()) or None
