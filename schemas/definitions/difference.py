"""What one set of definitions changes against another."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from schemas.definitions.duration import format_duration, parse_duration
from schemas.definitions.identity_model import IdentityRules, Namespace
from schemas.definitions.model import Segment, Sender, Source, Tag
from schemas.definitions.quality_model import Check, Decoy
from schemas.definitions.scalars import shorten
from schemas.definitions.written import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.definitions.model import Bundle
    from schemas.definitions.parse import Definitions

Definition = Tag | Segment | Sender | Source | Namespace | Check | Decoy
Kind = Literal["settings", "tag", "segment", "sender", "source", "identity", "namespace", "check", "decoy", "duplicates"]
How = Literal["added", "changed", "removed"]
_SIGNS: Final[dict[How, str]] = {"added": "+", "changed": "~", "removed": "-"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """What differs, under its place in the language (``when.all[0].within``); ``old`` and ``new`` are short texts for people."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One definition that is added, changed or removed. ``fields`` only when changed."""

    kind: Kind
    id: str
    how: How
    fields: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        name = f"{self.kind} {self.id}" if self.id else self.kind
        if self.kind in {"identity", "namespace"}:
            name += " (for records from now on; who has been joined stays joined)"
        lines = [f"    {change.field}: {change.old} → {change.new}" for change in self.fields]
        return "\n".join([f"{_SIGNS[self.how]} {name}", *lines])


def difference(old: Bundle | Definitions, new: Bundle | Definitions) -> tuple[Change, ...]:
    """All that differs: settings, tags, segments, senders, sources, identity and its namespaces, checks, decoys, the search for
    duplicates; of each kind removed, changed, added, in order of definition.
    """
    return (
        *_single("settings", old.settings, new.settings),
        *_kind("tag", old.tags, new.tags),
        *_kind("segment", old.segments, new.segments),
        *_kind("sender", old.senders, new.senders),
        *_kind("source", old.sources, new.sources),
        *_identity(old.identity, new.identity),
        *_kind("namespace", old.identity.namespaces, new.identity.namespaces),
        *_kind("check", old.quality.checks, new.quality.checks),
        *_kind("decoy", old.quality.decoys, new.quality.decoys),
        *_single("duplicates", old.quality.duplicates, new.quality.duplicates),
    )


def _single(kind: Kind, old: Any, new: Any) -> tuple[Change, ...]:
    """Of a kind of which there is always one."""
    changed = _fields(old, new)
    return (Change(kind, "", "changed", changed),) if changed else ()


def _identity(old: IdentityRules, new: IdentityRules) -> tuple[Change, ...]:
    """What differs but for the namespaces themselves; of blocked values those that one side alone has."""
    blocked = [[value for value in one.blocked if value not in other.blocked] for one, other in ((old, new), (new, old))]
    before, after = (" ".join(namespace.id for namespace in rules.namespaces) for rules in (old, new))
    changed = (
        *([FieldChange("blocked", *(_text(values or None) for values in blocked))] if any(blocked) else ()),
        *_changes("ids_max", old.ids_max, new.ids_max),
        *([FieldChange("order", before, after)] if before != after else ()),
    )
    return (Change("identity", "", "changed", changed),) if changed else ()


def _kind(kind: Kind, old: Sequence[Definition], new: Sequence[Definition]) -> list[Change]:
    before = {definition.id: definition for definition in old}
    after = {definition.id: definition for definition in new}
    changed = [Change(kind, name, "changed", _fields(before[name], after[name])) for name in after if name in before]
    return [
        *(Change(kind, name, "removed") for name in before if name not in after),
        *(change for change in changed if change.fields),
        *(Change(kind, name, "added") for name in after if name not in before),
    ]


def _fields(old: Any, new: Any) -> tuple[FieldChange, ...]:
    """The fields that differ. Their JSON is compared, for in Python 1, 1.0 and True are equal and in a definition they are not."""
    found: list[FieldChange] = []
    for field in fields(old):
        name = field.name.removesuffix("_ms")
        before, after = (_in_words(getattr(side, field.name), is_duration=name != field.name) for side in (old, new))
        found.extend(_changes(name, before, after))
    return tuple(found)


def _in_words(value: Any, *, is_duration: bool) -> Any:
    return format_duration(value) if is_duration and value is not None else written(value)


def _changes(place: str, old: Any, new: Any) -> list[FieldChange]:
    """What differs at a place: where both sides have the same keys or as many items, what differs within."""
    if _same(old, new):
        return []
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return [change for key in old for change in _changes(f"{place}.{key}", old[key], new[key])]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [change for at, pair in enumerate(zip(old, new, strict=True)) for change in _changes(f"{place}[{at}]", *pair)]
    return [FieldChange(place, _text(old), _text(new))]


def _same(old: Any, new: Any) -> bool:
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str) and parse_duration(value) is not None:
        return value
    return shorten(json.dumps(value, ensure_ascii=False))
