"""Whether an event is as its source says it is: by JSON Schemas, or by the types that properties had first. No I/O."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

import jsonschema_rs

from schemas.errors import Misconfigured
from schemas.event import NAME_OF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.definitions.source_model import Source

LABEL: Final = "violations"
TOLD_MAX: Final = 10
NAME_CHARACTERS_MAX: Final = 100
_TEXT_CHARACTERS_MAX: Final = 200
_ROOTS: Final = ("properties", "traits")
_TYPES: Final[dict[type, str]] = {str: "text", bool: "boolean", int: "number", float: "number", list: "list", dict: "map"}


class TypeMemory(Protocol):
    """The types that properties had first."""

    def of(self, source: str, name: str, root: str) -> dict[str, str]:
        """Key → type of one event's ``properties`` or ``traits``."""

    def learn(self, source: str, name: str, root: str, types: dict[str, str]) -> None:
        """These were seen first now."""


class Violations(NamedTuple):
    """What is wrong with an event, without its values, and by what it was judged. ``refused``: its source takes no such events."""

    kind: Literal["schema", "type"]
    texts: list[str]
    refused: bool


def compiled(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """A validator that fetches nothing, tells no values, and whose patterns take no more time than their text is long.

    Raises ``Misconfigured``.
    """
    try:
        return jsonschema_rs.validator_for(
            schema, mask="the value", validate_formats=True, pattern_options=jsonschema_rs.RegexOptions(), offline=True
        )
    except (ValueError, jsonschema_rs.ValidationError) as error:
        place = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in getattr(error, "instance_path", ()))
        raise Misconfigured(f"{str(error).partition(chr(10))[0]}{f' (at {place[1:]})' if place else ''}") from None


class Conformity:
    """What all sources of one set of definitions say about their events. One look into a dictionary for a source that says nothing."""

    __slots__ = ("_by_source", "_types", "is_empty")

    def __init__(self, sources: Iterable[Source], types: TypeMemory | None = None) -> None:
        said = [source for source in sources if source.schemas.events or (source.schemas.infer and types is not None)]
        self._by_source = {source.id: _OfSource(source) for source in said}
        self._types = types
        self.is_empty = not said

    def judge(self, event: dict[str, Any]) -> Violations | None:
        """Tell what is wrong with an event in ``context.violations``, which no client may write, and return it.

        Types that are seen for the first time are learnt, unless the event is refused.
        """
        asked = self._by_source.get(event["source"])
        if asked is None:
            return None
        event["context"].pop(LABEL, None)
        kind = event["type"]
        name = event["event"] if kind == "track" else NAME_OF_TYPE[kind]
        validator = asked.validators.get(name)
        if validator is not None:
            found = Violations("schema", _violations(validator, event, name), asked.refuses)
        elif asked.infers and self._types is not None and len(name) <= NAME_CHARACTERS_MAX:
            found = Violations("type", self._drifted(asked, event, name, self._types), asked.refuses)
        else:
            return None
        if not found.texts:
            return None
        event["context"][LABEL] = found.texts
        return found

    def _drifted(self, asked: _OfSource, event: dict[str, Any], name: str, types: TypeMemory) -> list[str]:
        texts: list[str] = []
        fresh: dict[str, dict[str, str]] = {}
        for root in _ROOTS:
            part = event[root]
            if not part:
                continue
            kinds = list(map(_TYPES.get, map(type, part.values())))
            known = types.of(asked.id, name, root)
            # Nearly all events have nothing new: told by one comparison, and not in a loop.
            if kinds != list(map(known.get, part)):
                fresh[root] = _compared(root, dict(zip(part, kinds, strict=True)), known, texts)
        if not (texts and asked.refuses):
            for root, learnt in fresh.items():
                if learnt:
                    types.learn(asked.id, name, root, learnt)
        return texts


def _compared(root: str, found: dict[str, str | None], known: dict[str, str], texts: list[str]) -> dict[str, str]:
    """What is not known yet; what is another than it was goes to the texts. ``null`` has no type."""
    fresh: dict[str, str] = {}
    for key, kind in found.items():
        first = known.get(key)
        if kind is None or kind == first:
            continue
        if first is not None:
            if len(texts) < TOLD_MAX:
                texts.append(f"{root}.{key}: a {kind}, at first a {first}")
        elif len(key) <= NAME_CHARACTERS_MAX:
            fresh[key] = kind
    return fresh


class _OfSource:
    """What one source says."""

    __slots__ = ("id", "infers", "refuses", "validators")

    def __init__(self, source: Source) -> None:
        said = source.schemas
        self.id = source.id
        self.infers = said.infer
        self.refuses = said.otherwise == "refuse"
        self.validators = {name: compiled(json.loads(text)) for name, text in said.events.items()}


def _violations(validator: jsonschema_rs.Validator, event: dict[str, Any], name: str) -> list[str]:
    """The first few, each with where it is. A schema describes the traits of ``$identify``, of all else the properties."""
    root = "traits" if name == "$identify" else "properties"
    part = event[root]
    try:
        if validator.is_valid(part):
            return []
        return sorted(_told(root, error) for error in islice(_errors(validator, part), TOLD_MAX))
    except ValueError:
        return [f"{root}: holds what is no JSON"]


def _errors(validator: jsonschema_rs.Validator, part: dict[str, Any]) -> Iterator[jsonschema_rs.ValidationError]:
    return iter(validator.iter_errors(part))


def _told(root: str, error: jsonschema_rs.ValidationError) -> str:
    place = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in error.instance_path)
    text = f"{root}{place}: {error.message}"
    return text if len(text) <= _TEXT_CHARACTERS_MAX else f"{text[: _TEXT_CHARACTERS_MAX - 1]}…"
