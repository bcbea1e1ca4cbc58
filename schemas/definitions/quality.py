"""Reads the rules about the quality of data: decoys, and how duplicates are looked for. Checks: ``check``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from schemas.definitions.check import check_reader, read_region
from schemas.definitions.fault import near_match, one_of
from schemas.definitions.identity import Ids, by_id
from schemas.definitions.nodes import Listing
from schemas.definitions.quality_model import Check, Decoy, DuplicateSearch, QualityRules
from schemas.definitions.quality_shapes import COMPARED_FIELDS, DECOY, DUPLICATES, PERSON_PATTERN, QUALITY
from schemas.definitions.values import check_path
from schemas.definitions.view import Fields, View, fields

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_PERSON: Final = re.compile(PERSON_PATTERN, re.DOTALL)
Kind = TypeVar("Kind", Check, Decoy)


def read_quality(views: Sequence[View], sources: Collection[str] | None) -> QualityRules:
    """What all files say. ``sources``: the ids that may be named; None: they are not all known, so any may."""
    documents = [fields(view, QUALITY) for view in views]
    return QualityRules(
        _all(documents, "check", check_reader(sources)),
        _all(documents, "decoy", _decoy),
        _duplicates([view for document in documents if (view := document.get("duplicates")) is not None]),
    )


def _all(documents: list[Fields], kind: str, reader: Callable[[View], Kind]) -> tuple[Kind, ...]:
    ids = Ids(kind)
    found: list[Kind] = []
    for document in documents:
        for item in document.read(f"{kind}s", View.items, ()):
            view = by_id(item)
            definition = reader(view)
            ids.take(definition.id, view)
            found.append(definition)
    return tuple(found)


def _decoy(view: View) -> Decoy:
    found = fields(view, DECOY)
    return Decoy(
        id=found.read("id", _person, ""),
        note=found.read("note", View.text, ""),
        block=found.read("block", View.flag, False),
    )


def _person(view: View) -> str:
    text = view.text("a person, such as user:decoy-1")
    if text and not _PERSON.fullmatch(text):
        view.fault("a person with its namespace, such as user:decoy-1", near=f"user:{text}")
    return text


def _duplicates(views: list[View]) -> DuplicateSearch:
    for view in views[1:]:
        view.fault("duplicates in one file only", f"duplicates again (first at {views[0].file}:{views[0].node.line})")
    default = DuplicateSearch()
    if not views:
        return default
    found = fields(views[0], DUPLICATES)
    paths = {name: found.read(name, _paths, getattr(default, name)) for name in COMPARED_FIELDS}
    return DuplicateSearch(
        **paths,
        block_by=found.read("block_by", _keys, default.block_by),
        region=found.read("region", read_region, None),
        at_least=found.read("at_least", _score, default.at_least),
    )


def _paths(view: View) -> tuple[str, ...]:
    if not isinstance(view.node, Listing):
        return (_joined(view),)
    found = tuple(_joined(item) for item in view.items())
    if not found:
        view.fault("at least one path")
    return found


def _joined(view: View) -> str:
    text = view.text("a path into the traits, or several joined by +")
    for part in text.split("+") if text else ():
        check_path(view, part)
    return text


def _keys(view: View) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_key(item) for item in view.items()))
    if not found and isinstance(view.node, Listing):
        view.fault("at least one key, such as phone or name+city")
    return found


def _key(view: View) -> str:
    text = view.text("a key, such as phone or name+city")
    for part in text.split("+") if text else ():
        if part not in COMPARED_FIELDS:
            view.fault(f"{one_of(COMPARED_FIELDS)}, or several joined by +", near=near_match(part, COMPARED_FIELDS))
    return text


def _score(view: View) -> float:
    value = view.double()
    if not 0 < value < 1 and not view.unreadable:
        view.fault("a number above 0 and below 1")
    return value
